/* Keys in the footer. What does not fit is left out, the least important first. */
#include "ui/footer.h"

#include <stdio.h>
#include <string.h>

struct entry {
	enum action first, last; /* the same, or the two ends of a pair or range */
	const char *word;
	int rank;                /* the highest goes first */
	bool overlay;            /* works on help and why too */
};

static const struct entry entries[] = {
	{ ACTION_HELP, ACTION_HELP, "help", 0, true },
	{ ACTION_BACK, ACTION_BACK, "back", 1, true },
	{ ACTION_PANE_1, ACTION_PANE_6, "zoom", 4, false },
	{ ACTION_NEXT_PANE, ACTION_NEXT_PANE, "next", 3, false },
	{ ACTION_PAUSE, ACTION_PAUSE, "pause", 2, false },
	{ ACTION_SHORTER, ACTION_LONGER, "span", 7, false },
	{ ACTION_SLOWER, ACTION_FASTER, "refresh", 8, false },
	{ ACTION_UNITS, ACTION_UNITS, "units", 6, false },
	{ ACTION_WHY, ACTION_WHY, "why", 5, true },
	{ ACTION_QUIT, ACTION_QUIT, "quit", 1, true },
};

#define NENTRIES (sizeof entries / sizeof entries[0])

const char *footer_key(const struct keymap *keys, enum action a, char buf[UI_KEY_NAME_SIZE])
{
	char all[128];

	keymap_keys(keys, NULL, a, all, sizeof all);
	snprintf(buf, UI_KEY_NAME_SIZE, "%.*s", (int)strcspn(all, " "), all);
	return buf;
}

/* "1-6" "+-" "Space": the keys of an entry. */
static const char *entry_keys(const struct keymap *keys, const struct entry *e, char *buf, size_t size)
{
	char first[UI_KEY_NAME_SIZE], last[UI_KEY_NAME_SIZE] = "";
	bool range = e->last > e->first + 1;

	footer_key(keys, e->first, first);
	if (e->last != e->first)
		footer_key(keys, e->last, last);
	snprintf(buf, size, "%s%s%s", first, range && last[0] ? "-" : "", last);
	return buf;
}

static bool shown(const struct entry *e, bool overlay)
{
	return overlay ? e->overlay : e->first != ACTION_BACK;
}

/* Columns of all entries up to a rank, with that many blanks between them. */
static int width_of(const struct keymap *keys, bool overlay, int rank, int gap)
{
	char text[2 * UI_KEY_NAME_SIZE + 2];
	int width = 1;

	for (size_t i = 0; i < NENTRIES; i++)
		if (shown(&entries[i], overlay) && entries[i].rank <= rank && *entry_keys(keys, &entries[i], text, sizeof text))
			width += canvas_width(text) + 1 + canvas_width(entries[i].word) + gap;
	return width;
}

void footer_draw(const struct keymap *keys, struct canvas *c, struct rect r, bool overlay)
{
	char text[2 * UI_KEY_NAME_SIZE + 2];
	int rank = (int)NENTRIES, gap, col = r.col + 1;

	while (rank > 0 && width_of(keys, overlay, rank, 1) > r.cols)
		rank--;
	gap = width_of(keys, overlay, rank, 2) <= r.cols ? 2 : 1;
	for (size_t i = 0; i < NENTRIES && r.rows > 0; i++) {
		if (!shown(&entries[i], overlay) || entries[i].rank > rank || !*entry_keys(keys, &entries[i], text, sizeof text))
			continue;
		col += canvas_write(c, r.row, col, r.col + r.cols - col, ROLE_KEY, text);
		canvas_put(c, r.row, col++, ROLE_DIM, ':');
		col += canvas_write(c, r.row, col, r.col + r.cols - col, ROLE_DIM, entries[i].word) + gap;
	}
}
