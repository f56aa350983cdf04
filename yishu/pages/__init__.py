"""What every page is made of: frame, form rendering, clock light, article chip, case line. Holds no models."""
