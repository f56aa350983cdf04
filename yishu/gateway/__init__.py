"""The delivery service that consumers' programs call (DESIGN §6). Django-free."""
