"""The operation that this package adds to the cell space; it names its block and needs no torch."""

from search_spaces.cell.operations import Operation

GHOST_CONV_3X3 = Operation(
    name="ghost_conv_3x3",
    summary="3x3 convolution for half the maps, their ghosts for the other half (GhostNet)",
    block="nas_ghost_blocks.ghost:GhostModule",
    arguments={"kernel_size": 3, "ratio": 2},
)
