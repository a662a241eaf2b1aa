"""Pictures of the diary: what a week shows, and how it is drawn as SVG and as a page of HTML."""
