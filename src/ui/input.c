/*
 * The decoder is ours rather than curses' because it must not depend on the locale, must know modified keys, and must
 * swallow what it does not know: an unknown sequence that falls apart into letters would press keys that nobody
 * pressed. Every terminal met today sends these sequences, whatever TERM says.
 */
#include "ui/input.h"

#include "base/str.h"
#include "ui/width.h"

#define ESC 0x1b
#define SEQUENCE_LIMIT 40 /* longer ones are no key of any terminal */

/* Keys by the last character of CSI and SS3 sequences. */
static const struct {
	char last;
	ui_key key;
} by_letter[] = { { 'A', UI_KEY_UP }, { 'B', UI_KEY_DOWN }, { 'C', UI_KEY_RIGHT }, { 'D', UI_KEY_LEFT },
	{ 'H', UI_KEY_HOME }, { 'F', UI_KEY_END }, { 'M', UI_KEY_ENTER }, { 'P', UI_KEY_F1 }, { 'Q', UI_KEY_F1 + 1 },
	{ 'R', UI_KEY_F1 + 2 }, { 'S', UI_KEY_F1 + 3 }, { 'Z', UI_KEY_SHIFT | UI_KEY_TAB } };

/* Keys by the number in ESC [ NUMBER ~ */
static const ui_key by_number[] = { [1] = UI_KEY_HOME, [2] = UI_KEY_INS, [3] = UI_KEY_DEL, [4] = UI_KEY_END,
	[5] = UI_KEY_PGUP, [6] = UI_KEY_PGDN, [7] = UI_KEY_HOME, [8] = UI_KEY_END, [11] = UI_KEY_F1,
	[12] = UI_KEY_F1 + 1, [13] = UI_KEY_F1 + 2, [14] = UI_KEY_F1 + 3, [15] = UI_KEY_F1 + 4, [17] = UI_KEY_F1 + 5,
	[18] = UI_KEY_F1 + 6, [19] = UI_KEY_F1 + 7, [20] = UI_KEY_F1 + 8, [21] = UI_KEY_F1 + 9, [23] = UI_KEY_F1 + 10,
	[24] = UI_KEY_F1 + 11 };

#define NUMBERS (sizeof by_number / sizeof by_number[0])

static ui_key letter_key(char last)
{
	for (size_t i = 0; i < sizeof by_letter / sizeof by_letter[0]; i++)
		if (by_letter[i].last == last)
			return by_letter[i].key;
	return UI_KEY_NONE;
}

/* xterm's modifier parameter: 1 and a bit each for Shift, Alt and Ctrl. */
static ui_key modified(ui_key key, unsigned parameter)
{
	unsigned bits = parameter ? parameter - 1 : 0;

	if (key == UI_KEY_NONE || bits > 7)
		return UI_KEY_NONE;
	return key | (bits & 1 ? UI_KEY_SHIFT : 0) | (bits & 2 ? UI_KEY_META : 0) | (bits & 4 ? UI_KEY_CTRL : 0);
}

/* The numbers between ESC [ and the last character; what is no plain list of numbers belongs to no key. */
static ui_key csi_key(const char *text, size_t length, char last)
{
	unsigned number[2] = { 0, 0 };
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == ';' && n == 0)
			n = 1;
		else if (text[i] >= '0' && text[i] <= '9' && number[n] < 1000)
			number[n] = number[n] * 10 + (unsigned)(text[i] - '0');
		else
			return UI_KEY_NONE;
	}
	if (last == '~')
		return number[0] < NUMBERS ? modified(by_number[number[0]], number[1]) : UI_KEY_NONE;
	return last == 'M' || number[0] > 1 ? UI_KEY_NONE : modified(letter_key(last), number[1]);
}

/* ESC [ parameters intermediates LAST; the Linux console has ESC [ [ A to E for F1 to F5. */
static size_t decode_csi(const char *b, size_t length, bool complete, ui_key *out)
{
	size_t i = 2;

	*out = UI_KEY_NONE;
	if (length > 2 && b[2] == '[') {
		if (length == 3 && !complete)
			return 0;
		if (length > 3 && b[3] >= 'A' && b[3] <= 'E')
			*out = UI_KEY_F1 + (ui_key)(b[3] - 'A');
		return length > 3 ? 4 : 3;
	}
	while (i < length && i < SEQUENCE_LIMIT && b[i] >= 0x20 && b[i] <= 0x3f)
		i++;
	if (i == length && !complete)
		return 0;
	if (i == length || (unsigned char)b[i] < 0x40 || (unsigned char)b[i] >= 0x7f) {
		if (i == 2)
			*out = UI_KEY_META | '[';
		return i; /* broken off by the end, by a control character, or for its length */
	}
	*out = csi_key(b + 2, i - 2, b[i]);
	return i + 1;
}

static size_t decode_ss3(const char *b, size_t length, bool complete, ui_key *out)
{
	if (length == 2 && !complete)
		return 0;
	*out = length > 2 ? letter_key(b[2]) : UI_KEY_NONE;
	if (*out != UI_KEY_NONE)
		return 3;
	*out = UI_KEY_META | 'O';
	return 2;
}

static ui_key control_key(unsigned char c)
{
	if (c == 0)
		return UI_KEY_CTRL | ' ';
	if (c == 0x7f)
		return UI_KEY_BACKSPACE;
	return key_with_ctrl(c < 0x1b ? (ui_key)(c | 0x60) : (ui_key)(c | 0x40));
}

/* Bytes that the UTF-8 character with this first byte has; 1 for what is none. */
static size_t announced(unsigned char c)
{
	return c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc0 && c < 0xe0 ? 2 : 1;
}

static size_t decode_character(const char *b, size_t length, bool complete, ui_key *out)
{
	unsigned char c = (unsigned char)b[0];
	uint32_t ch = 0;
	size_t n;

	*out = UI_KEY_NONE;
	if (c < 0x20 || c == 0x7f) {
		*out = control_key(c);
		return 1;
	}
	if (announced(c) > length && !complete)
		return 0;
	n = str_utf8(b, length, &ch);
	if (n && width_of(ch) > 0)
		*out = ch;
	return n ? n : 1;
}

size_t input_decode(const char *bytes, size_t length, bool complete, ui_key *out)
{
	size_t n;

	*out = UI_KEY_NONE;
	if (!length || bytes[0] != ESC)
		return length ? decode_character(bytes, length, complete, out) : 0;
	if (length == 1 && !complete)
		return 0;
	if (length == 1 || bytes[1] == ESC) {
		*out = UI_KEY_ESC;
		return 1;
	}
	if (bytes[1] == '[')
		return decode_csi(bytes, length, complete, out);
	if (bytes[1] == 'O')
		return decode_ss3(bytes, length, complete, out);
	n = decode_character(bytes + 1, length - 1, complete, out);
	*out |= *out == UI_KEY_NONE ? 0 : UI_KEY_META;
	return n ? n + 1 : 0;
}
