"""Draws the way of a log's bytes to its readers: places as boxes, and arrows as wide as the bytes
that took them, with the copies that a processor makes of each byte on that step."""

import broker_figures
import svg

BOX_LEFT, BOX_WIDTH = 128, 96
SOCKET_LEFT = 366
LANE = 62
WIDEST, NARROWEST = 22, 1.6
# Of the room above a lane's arrow, which has its words.
WORDS = 30
GAP = 64
FROM_MEMORY, FROM_CACHE = ("memory", "read", "late"), ("sendfile", "mmap", "splice")


def amount(count):
    if count == 0:
        return "nothing"
    if count >= 1e9:
        return f"{count / 1e9:.2f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def copies(count):
    return {0: "0 copies", 1: "1 copy"}.get(count, f"{count} copies")


def thickness(count, whole):
    return max(WIDEST * count / max(whole, 1), NARROWEST)


def arrow(x1, x2, y, width):
    """To the right, its point included."""
    head = min(8 + width / 3, x2 - x1)
    half = width / 2
    points = [(x1, y - half), (x2 - head, y - half), (x2 - head, y - half - 4), (x2, y),
              (x2 - head, y + half + 4), (x2 - head, y + half), (x1, y + half)]
    return polygon(points)


def arrow_up(x, y1, y2, width):
    """From y1 up to y2."""
    head, half = 8 + width / 3, width / 2
    points = [(x - half, y1), (x - half, y2 + head), (x - half - 4, y2 + head), (x, y2),
              (x + half + 4, y2 + head), (x + half, y2 + head), (x + half, y1)]
    return polygon(points)


def polygon(points):
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{corners}" class="bar"/>'


def box(x, y, width, height, lines):
    yield (f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" class="place" '
           'fill="none" stroke="currentColor"/>')
    top = y + height / 2 - 7 * (len(lines) - 1) + 4
    for index, words in enumerate(lines):
        yield svg.text(x + width / 2, top + 14 * index, words, "label", "middle")


def lanes(ways, went, top, whole):
    """Arrows from a place to the socket, one below the other."""
    left = BOX_LEFT + BOX_WIDTH
    for index, way in enumerate(ways):
        y = top + index * LANE
        into_socket = broker_figures.COPIES.get(way, (0, 0))[1]
        yield svg.text(left + 8, y + 13, f"{way} {amount(went[way])}", "value")
        yield svg.text(left + 8, y + 26, copies(into_socket), "small")
        yield arrow(left, SOCKET_LEFT, y + WORDS + WIDEST / 2 + 3, thickness(went[way], whole))


def used(ways, went):
    return [way for way in ways if went.get(way)]


def disk_parts(bytes_read, top, height, whole):
    yield from box(0.5, top, 62, height, ("segment", "files"))
    if bytes_read:
        yield svg.text(64, top - 18, amount(bytes_read), "value")
        yield svg.text(64, top - 5, "0 copies", "small")
        yield arrow(63, BOX_LEFT, top + height / 2, thickness(bytes_read, whole))
    else:
        yield svg.text(66, top + height / 2 + 4, "nothing", "small")


def picture(title, went, bytes_read):
    """`went` is {way: bytes}, `bytes_read` what came from a disk meanwhile, or None."""
    whole = max(sum(went.values()), bytes_read or 0)
    above, below = used(FROM_MEMORY, went), used(FROM_CACHE, went)
    memory_height = max(len(above), 1) * LANE
    cache_top = 2 + memory_height + GAP
    cache_height = max(len(below), 1) * LANE
    bottom = cache_top + cache_height
    parts = [*box(BOX_LEFT, 2, BOX_WIDTH, memory_height, ("broker's", "memory")),
             *box(BOX_LEFT, cache_top, BOX_WIDTH, cache_height, ("page cache",)),
             *box(SOCKET_LEFT, 2, svg.WIDTH - SOCKET_LEFT - 1, bottom - 2, ("socket",)),
             *lanes(above, went, 2, whole), *lanes(below, went, cache_top, whole),
             *disk_parts(bytes_read, cache_top, cache_height, whole)]
    copied = sum(went.get(way, 0) for way in ("read", "late"))
    if copied:
        x, y = BOX_LEFT + 36, 2 + memory_height + GAP / 2
        parts.append(arrow_up(x, cache_top, 2 + memory_height, thickness(copied, whole)))
        parts.append(svg.text(x + 20, y, f"read {amount(copied)}", "value"))
        parts.append(svg.text(x + 20, y + 13, "1 copy", "small"))
    return svg.picture(title, int(bottom) + 4, parts)
