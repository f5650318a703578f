/* Bytes from a terminal to keys. */
#ifndef TACH_UI_INPUT_H
#define TACH_UI_INPUT_H

#include "ui/key.h"

#include <stddef.h>

/*
 * Decodes the first key of length bytes: UTF-8, control characters, and the sequences that ECMA-48 terminals send for
 * special keys (xterm, VT220, Linux console, screen, tmux). Returns the bytes that it took and sets *out, UI_KEY_NONE
 * for a sequence that is no key of ours. Returns 0 when more bytes may make another key of it (an Esc alone, half a
 * character); with `complete` true it never does.
 */
size_t input_decode(const char *bytes, size_t length, bool complete, ui_key *out);

#endif
