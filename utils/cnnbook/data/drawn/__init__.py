"""How shapes and scenes are drawn: the inside of `cnnbook.data.shapes` and `cnnbook.data.scenes`, which alone read it.

From below: `sdf` measures distances, `figures` and `families` are outlines made of them (`outlines` has their parts),
`chance` gives each image its own random numbers, `palettes` colours, `paint` turns distances into pictures, `scenery`
paints where a scene takes place, `layout` plans what stands where, `things` paints that.
"""
