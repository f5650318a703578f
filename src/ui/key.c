/* Keys and their names, both ways. */
#include "ui/key.h"

#include "base/str.h"
#include "ui/width.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The first name of a key is the one that is shown. Characters have names only where a keys file needs one: they mean
 * something to its reader. */
static const struct {
	const char *name;
	ui_key key;
} names[] = {
	{ "Up", UI_KEY_UP },
	{ "Down", UI_KEY_DOWN },
	{ "Left", UI_KEY_LEFT },
	{ "Right", UI_KEY_RIGHT },
	{ "PgUp", UI_KEY_PGUP },
	{ "PgDn", UI_KEY_PGDN },
	{ "Home", UI_KEY_HOME },
	{ "End", UI_KEY_END },
	{ "Enter", UI_KEY_ENTER },
	{ "Esc", UI_KEY_ESC },
	{ "Tab", UI_KEY_TAB },
	{ "BS", UI_KEY_BACKSPACE },
	{ "Backspace", UI_KEY_BACKSPACE },
	{ "Del", UI_KEY_DEL },
	{ "Ins", UI_KEY_INS },
	{ "F1", UI_KEY_F1 },
	{ "F2", UI_KEY_F1 + 1 },
	{ "F3", UI_KEY_F1 + 2 },
	{ "F4", UI_KEY_F1 + 3 },
	{ "F5", UI_KEY_F1 + 4 },
	{ "F6", UI_KEY_F1 + 5 },
	{ "F7", UI_KEY_F1 + 6 },
	{ "F8", UI_KEY_F1 + 7 },
	{ "F9", UI_KEY_F1 + 8 },
	{ "F10", UI_KEY_F1 + 9 },
	{ "F11", UI_KEY_F1 + 10 },
	{ "F12", UI_KEY_F1 + 11 },
	{ "Space", ' ' },
	{ "Semicolon", ';' },
	{ "Colon", ':' },
	{ "Equal", '=' },
	{ "Hash", '#' },
	{ "BracketLeft", '[' },
};

#define NAMES (sizeof names / sizeof names[0])

/* In the order in which they stand before a name. */
static const struct {
	char letter;
	ui_key flag;
} modifiers[] = { { 'C', UI_KEY_CTRL }, { 'M', UI_KEY_META }, { 'S', UI_KEY_SHIFT } };

#define MODIFIERS (sizeof modifiers / sizeof modifiers[0])
#define ALL_MODIFIERS (UI_KEY_CTRL | UI_KEY_META | UI_KEY_SHIFT)

const char *key_print(char buf[UI_KEY_NAME_SIZE], ui_key k)
{
	ui_key base = k & ~(ui_key)ALL_MODIFIERS;
	char *out = buf;
	size_t i = 0;

	for (size_t m = 0; m < MODIFIERS; m++)
		if (k & modifiers[m].flag) {
			*out++ = modifiers[m].letter;
			*out++ = '-';
		}
	while (i < NAMES && names[i].key != base)
		i++;
	*out = '\0';
	if (i < NAMES && (base == ' ' || base >= UI_KEY_SPECIAL))
		strcpy(out, names[i].name);
	else if (width_of(base) > 0)
		out[str_utf8_put(out, base)] = '\0';
	else
		*buf = '\0';
	return buf;
}

/* A name of the table, or exactly one visible character. */
static bool parse_base(const char *name, ui_key *out)
{
	uint32_t ch;
	size_t length = strlen(name);

	for (size_t i = 0; i < NAMES; i++)
		if (strcasecmp(name, names[i].name) == 0) {
			*out = names[i].key;
			return true;
		}
	if (!length || str_utf8(name, length, &ch) != length || width_of(ch) <= 0 || ch == ' ')
		return false;
	*out = ch;
	return true;
}

ui_key key_with_ctrl(ui_key base)
{
	if (base >= 'A' && base <= 'Z')
		base += 'a' - 'A';
	return base == 'i' ? UI_KEY_TAB : base == 'm' || base == 'j' ? UI_KEY_ENTER : base == '[' ? UI_KEY_ESC :
		base == 'h' ? UI_KEY_BACKSPACE : base | UI_KEY_CTRL;
}

bool key_parse(const char *name, ui_key *out)
{
	ui_key base, flags = 0;

	while (name[0] && name[1] == '-' && name[2]) {
		size_t m = 0;

		while (m < MODIFIERS && modifiers[m].letter != name[0])
			m++;
		if (m == MODIFIERS || flags & modifiers[m].flag)
			return false;
		flags |= modifiers[m].flag;
		name += 2;
	}
	if (!parse_base(name, &base) || (flags & UI_KEY_SHIFT && base < UI_KEY_SPECIAL))
		return false; /* a shifted character is another character */
	*out = flags & UI_KEY_CTRL ? key_with_ctrl(base) | (flags & ~(ui_key)UI_KEY_CTRL) : base | flags;
	return true;
}

const char *key_nearest(const char *name)
{
	const char *candidates[NAMES];

	for (size_t i = 0; i < NAMES; i++)
		candidates[i] = names[i].name;
	while (name[0] && name[1] == '-' && name[2])
		name += 2;
	return str_nearest(name, candidates, NAMES);
}
