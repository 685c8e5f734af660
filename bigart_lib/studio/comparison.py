"""Two pictures of the same place, one laid over the other up to a line that the artist drags."""

from __future__ import annotations

from PIL import Image

from bigart_lib.studio import parts


class Comparison:
    """Works in the page alone: dragging asks nothing of the kernel."""

    def __init__(self) -> None:
        self.widget = parts.text("", "bigart-comparison-holder")

    def show(
        self, before: Image.Image, after: Image.Image, before_name: str, after_name: str, at: int = 50
    ) -> None:
        """Show two pictures of one size; the line starts at so many percent of the width."""
        names = parts.escape(before_name), parts.escape(after_name)
        label = f"{names[0]} left, {names[1]} right of the line"
        self.widget.value = f"""
<div class="bigart-comparison" style="width:{before.width}px;height:{before.height}px;--bigart-line:{at}%">
  <img src="{parts.data_address(after)}" alt="{names[1]}" width="{after.width}" height="{after.height}">
  <img class="bigart-before" src="{parts.data_address(before)}" alt="{names[0]}"
       width="{before.width}" height="{before.height}">
  <i></i><b>{names[0]}</b><b>{names[1]}</b>
  <input type="range" min="0" max="100" value="{at}" aria-label="{label}"
         oninput="this.parentNode.style.setProperty('--bigart-line', this.value + '%')">
</div>"""
