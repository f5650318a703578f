/* Everything a key can do: one list for key handling, help, the keys file, the manual and completions. */
#ifndef TACH_UI_ACTION_H
#define TACH_UI_ACTION_H

/* id, name in keys files, group in the help screen, what it does (at most 27 columns) */
#define ACTION_LIST(X) \
	X(NONE, "none", "", "unbind the key") \
	X(QUIT, "quit", "anywhere", "quit, stop what was started") \
	X(HELP, "help", "anywhere", "this help") \
	X(BACK, "back", "anywhere", "close, unzoom; never quits") \
	X(NEXT_PANE, "next-pane", "anywhere", "next pane") \
	X(PREVIOUS_PANE, "previous-pane", "anywhere", "previous pane") \
	X(PANE_1, "pane-1", "anywhere", "pane 1; again: zoom it") \
	X(PANE_2, "pane-2", "anywhere", "pane 2; again: zoom it") \
	X(PANE_3, "pane-3", "anywhere", "pane 3; again: zoom it") \
	X(PANE_4, "pane-4", "anywhere", "pane 4; again: zoom it") \
	X(PANE_5, "pane-5", "anywhere", "pane 5; again: zoom it") \
	X(PANE_6, "pane-6", "anywhere", "pane 6; again: zoom it") \
	X(ZOOM, "zoom", "anywhere", "zoom the pane, and back") \
	X(UP, "up", "anywhere", "row up") \
	X(DOWN, "down", "anywhere", "row down") \
	X(PAGE_UP, "page-up", "anywhere", "page up") \
	X(PAGE_DOWN, "page-down", "anywhere", "page down") \
	X(WHY, "why", "anywhere", "what is missing, and why") \
	X(REDRAW, "redraw", "anywhere", "redraw the screen") \
	X(PAUSE, "pause", "time", "pause; sampling goes on") \
	X(SHORTER, "shorter", "time", "less time a graph column") \
	X(LONGER, "longer", "time", "more time a graph column") \
	X(SLOWER, "slower", "time", "slower refresh") \
	X(FASTER, "faster", "time", "faster refresh") \
	X(UNITS, "units", "view", "per s, op, 1k instructions") \
	X(ASCII, "ascii", "view", "ASCII or blocks") \
	X(SORT_NEXT, "sort-next", "view", "sort by the next column") \
	X(SORT_PREVIOUS, "sort-previous", "view", "by the previous column") \
	X(SORT_REVERSE, "sort-reverse", "view", "the other way round") \
	X(FIND, "find", "view", "find a row by its text") \
	X(FIND_NEXT, "find-next", "view", "the next row with it") \
	X(FIND_PREVIOUS, "find-previous", "view", "the previous row with it") \
	X(FILTER, "filter", "view", "only rows with a text") \
	X(NEXT_LATENCY, "next-latency", "view", "next kind of latency") \
	X(EXTRA, "extra", "view", "what costs others, on, off") \
	X(MEMORY_DETAIL, "memory-detail", "view", "PSS, dirty pages, once")

enum action {
#define X(id, name, group, help) ACTION_##id,
	ACTION_LIST(X)
#undef X
	ACTION_COUNT
};

const char *action_name(enum action a);
const char *action_group(enum action a);
const char *action_help(enum action a);

#endif
