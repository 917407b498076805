"""Python text as a syntax tree, with one kind of error and from any thread."""

import ast
import threading

# CPython 3.11 counts the depth of trees under construction for all threads together: two at once end in a
# SystemError ("AST constructor recursion depth mismatch").
_ONE_AT_A_TIME = threading.Lock()


def parse_python(source: str) -> ast.Module:
    """The syntax tree.

    Raises:
        SyntaxError: the text is not Python (also for null bytes or nesting that the parser refuses).
    """
    try:
        with _ONE_AT_A_TIME:
            return ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(f"it cannot be parsed ({type(error).__name__})") from error
