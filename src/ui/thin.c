/* Reads sequences of ECMA-48 as far as it must to know which background holds; where it does not know, none does. */
#include "ui/thin.h"

#include <stdbool.h>
#include <string.h>

#define ESCAPE '\033'

/* Bytes of the sequence ESC [ ... LETTER at the beginning of the text, 0 if there is none or its end is missing. */
static size_t control_length(const char *text, size_t left)
{
	size_t i = 2;

	if (left < 3 || text[0] != ESCAPE || text[1] != '[')
		return 0;
	while (i < left && (unsigned char)text[i] >= 0x20 && (unsigned char)text[i] < 0x40)
		i++;
	return i < left && (unsigned char)text[i] >= 0x40 && (unsigned char)text[i] < 0x7f ? i + 1 : 0;
}

/* One colour by its number and nothing else: ESC [ 48 ; 5 ; N m. */
static bool sets_only(const char *text, size_t length, const char *which)
{
	size_t n = strlen(which);

	return length > n && memcmp(text, which, n) == 0 && strspn(text + n, "0123456789") == length - n - 1 &&
		text[length - 1] == 'm';
}

/* Moves, erases and foregrounds leave the background alone; no private sequence is trusted to. */
static bool keeps_background(const char *text, size_t length)
{
	return (text[length - 1] != 'm' && strchr("0123456789;ABCDGHJKPXd", text[2])) ||
		sets_only(text, length, "\033[38;5;");
}

size_t thin_backgrounds(char *bytes, size_t length)
{
	const char *background = NULL; /* what was set last, among the bytes that stay */
	size_t background_length = 0, out = 0;

	for (size_t i = 0, n; i < length; i += n) {
		n = control_length(bytes + i, length - i);
		if (!n) {
			n = 1;
			if (bytes[i] == ESCAPE)
				background = NULL;
		} else if (sets_only(bytes + i, n, "\033[48;5;")) {
			if (background && background_length == n && memcmp(background, bytes + i, n) == 0)
				continue;
			background = bytes + out;
			background_length = n;
		} else if (!keeps_background(bytes + i, n)) {
			background = NULL;
		}
		memmove(bytes + out, bytes + i, n);
		out += n;
	}
	return out;
}
