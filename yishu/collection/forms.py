"""The upload form."""

from typing import Any

from django import forms

from yishu.catalogue.models import Resource
from yishu.collection.textfile import SAVE_AS
from yishu.kernel.references import Reference


class UploadForm(forms.Form):
    """Which resource a file is for, and the file. Choices are the resources the person may load."""

    resource = forms.ChoiceField(
        label="信息资源",
        error_messages={
            "required": "请选择文件对应的信息资源",
            "invalid_choice": "不能装入这个资源：数据只能装入本部门已审核发布的信息资源",
        },
    )
    file = forms.FileField(
        label="数据文件",
        help_text=f"CSV，第一行为列名，编码 UTF-8 或 GB18030（GBK）。{SAVE_AS[:-5]}",
        error_messages={"required": "请选择要上传的 CSV 文件", "empty": "文件是空的，请上传带有列名和数据的 CSV 文件"},
    )

    def __init__(
        self, *args: Any, resources: list[Resource], reference: Reference | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.references = {"resource": reference}
        chosen = self.fields["resource"]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101  (narrows the type)
        chosen.choices = [("", "请选择"), *((str(r.pk), f"{r.title}（{r.code}）") for r in resources)]
        self.fields["file"].widget.attrs["accept"] = ".csv,.txt,text/csv"
