"""Pictures of exercises/transformer_block.py."""


def draw_positions(impl, figure):
    """The code of 60 positions in 32 features, from -1 in red to 1 in blue, and how alike those of two positions are"""
    code = impl.positional_encoding(60, 32)
    left, right = figure.subplots(1, 2)
    left.imshow(code, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    left.set(xlabel="feature", ylabel="position")
    for position in (10, 30):
        right.plot(code @ code[position] / 16, label=f"with position {position}")
    right.set(xlabel="position", ylabel="product of the codes, 1 for the same")
    right.legend(fontsize="small")
