/* Typing a line. */
#include "ui/prompt.h"

#include "base/str.h"
#include "ui/width.h"

#include <string.h>

static void add(char text[PROMPT_SIZE], ui_key key)
{
	char bytes[8];
	size_t used = strlen(text), n;

	if (key >= UI_KEY_SPECIAL || width_of(key) < 1)
		return;
	n = str_utf8_put(bytes, key);
	if (used + n >= PROMPT_SIZE)
		return;
	memcpy(text + used, bytes, n);
	text[used + n] = '\0';
}

static void take_last(char text[PROMPT_SIZE])
{
	size_t n = strlen(text);

	while (n > 0 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
		n--;
	text[n > 0 ? n - 1 : 0] = '\0';
}

enum prompt_state prompt_key(char text[PROMPT_SIZE], ui_key key)
{
	if (key == UI_KEY_ENTER)
		return PROMPT_DONE;
	if (key == UI_KEY_ESC || (key == UI_KEY_BACKSPACE && !text[0]))
		return PROMPT_LEFT;
	if (key == UI_KEY_BACKSPACE)
		take_last(text);
	else if (key == (UI_KEY_CTRL | 'u'))
		text[0] = '\0';
	else
		add(text, key);
	return PROMPT_OPEN;
}
