"""The studio: prompt, seven thumbnails, one click, two sliders, a print, as widgets for a notebook."""
