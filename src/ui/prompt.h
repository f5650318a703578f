/* A line of text that the user types. Knows keys, not what the text is for. */
#ifndef TACH_UI_PROMPT_H
#define TACH_UI_PROMPT_H

#include "ui/key.h"

#define PROMPT_SIZE 64

enum prompt_state { PROMPT_OPEN, PROMPT_DONE, PROMPT_LEFT };

/* What a key does to the text (of PROMPT_SIZE, valid UTF-8): characters are added while there is room, Backspace takes
 * the last one away and leaves an empty line, C-u empties it, Enter is done, Esc leaves. Other keys do nothing. */
enum prompt_state prompt_key(char text[PROMPT_SIZE], ui_key key);

#endif
