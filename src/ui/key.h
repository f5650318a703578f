/* A key press as tach sees it, and its name in keys files: one character, C-x, M-x, S-Tab, F1..F12, Up, PgDn, ... */
#ifndef TACH_UI_KEY_H
#define TACH_UI_KEY_H

#include <stdbool.h>
#include <stdint.h>

/* A Unicode scalar, or one of these, with flags. C-x is UI_KEY_CTRL | 'x'. */
typedef uint32_t ui_key;

enum {
	UI_KEY_NONE = 0,
	UI_KEY_SPECIAL = 0x200000, /* above every Unicode scalar */
	UI_KEY_UP = UI_KEY_SPECIAL,
	UI_KEY_DOWN,
	UI_KEY_LEFT,
	UI_KEY_RIGHT,
	UI_KEY_PGUP,
	UI_KEY_PGDN,
	UI_KEY_HOME,
	UI_KEY_END,
	UI_KEY_ENTER,
	UI_KEY_ESC,
	UI_KEY_TAB,
	UI_KEY_BACKSPACE,
	UI_KEY_DEL,
	UI_KEY_INS,
	UI_KEY_RESIZE,
	UI_KEY_F1 = UI_KEY_SPECIAL + 0x100, /* .. UI_KEY_F1 + 11 is F12 */
	UI_KEY_SHIFT = 0x1000000,
	UI_KEY_CTRL = 0x2000000,
	UI_KEY_META = 0x4000000
};

#define UI_KEY_NAME_SIZE 24

const char *key_print(char buf[UI_KEY_NAME_SIZE], ui_key k); /* "" for what has no name */

/* Names of special keys in any case. Characters that a keys file gives a meaning have names too: Space Semicolon Colon
 * Equal Hash BracketLeft. C-i, C-m, C-j, C-[ and C-h are the keys that terminals send for them: Tab, Enter, Esc, BS. */
bool key_parse(const char *name, ui_key *out);
ui_key key_with_ctrl(ui_key base);     /* letters have no case */
const char *key_nearest(const char *name); /* for "did you mean", NULL when none is near */

#endif
