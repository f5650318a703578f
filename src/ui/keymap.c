/* Which key does what: bindings in the order of their files, the later of two for one key in one place being the one
 * that counts. */
#include "ui/keymap.h"

#include "base/alloc.h"
#include "base/str.h"
#include "config/ini.h"
#include "ui/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char keymap_default_text[] =
#include "src/ui/default.keys.inc"
	;

struct binding {
	const char *pane; /* name in pane_table; NULL: [all] */
	ui_key key;
	enum action action;
};

struct keymap {
	struct binding *list;
	size_t count, capacity;
};

static struct binding *find(const struct keymap *k, const char *pane, ui_key key)
{
	for (size_t i = 0; i < k->count; i++) {
		struct binding *b = &k->list[i];

		if (b->key == key && (pane ? b->pane && strcmp(b->pane, pane) == 0 : !b->pane))
			return b;
	}
	return NULL;
}

static int parse_section(const char *section, const char **pane, struct err *e)
{
	const char *names[64];
	size_t count = 0;

	*pane = NULL;
	names[count++] = "all";
	if (!*section || strcmp(section, "all") == 0)
		return 0;
	for (size_t i = 0; pane_table[i] && count < sizeof names / sizeof names[0]; i++) {
		*pane = pane_table[i]->name;
		if (strcmp(section, *pane) == 0)
			return 0;
		names[count++] = *pane;
	}
	return err_unknown(e, "pane", section, str_nearest(section, names, count));
}

static int parse_action(const char *text, enum action *out, struct err *e)
{
	const char *names[ACTION_COUNT];

	for (int a = 0; a < ACTION_COUNT; a++) {
		names[a] = action_name((enum action)a);
		if (strcmp(text, names[a]) == 0) {
			*out = (enum action)a;
			return 0;
		}
	}
	return err_unknown(e, "action", text, str_nearest(text, names, ACTION_COUNT));
}

static int bind_key(void *context, const char *section, const char *name, const char *value, struct err *e)
{
	struct keymap *k = context;
	struct binding new, *old;

	if (parse_section(section, &new.pane, e) || parse_action(value, &new.action, e))
		return -1;
	if (!key_parse(name, &new.key))
		return err_unknown(e, "key", name, key_nearest(name));
	old = find(k, new.pane, new.key);
	if (!old) {
		k->list = xgrow(k->list, &k->capacity, k->count + 1, sizeof *k->list);
		old = &k->list[k->count++];
	}
	*old = new;
	return 0;
}

struct keymap *keymap_new(void)
{
	struct keymap *k = xcalloc(1, sizeof *k);
	struct err e;

	if (ini_read_text("default.keys", keymap_default_text, bind_key, k, &e))
		fatal("%s", e.text);
	return k;
}

void keymap_free(struct keymap *k)
{
	if (!k)
		return;
	free(k->list);
	free(k);
}

/* Keeps what the reading made, or on failure what was there before. */
static int settle(struct keymap *k, struct keymap *before, int rc)
{
	free(rc ? k->list : before->list);
	if (rc)
		*k = *before;
	return rc;
}

/* A copy with a list of its own. */
static struct keymap copy(const struct keymap *k)
{
	struct keymap c = *k;

	c.list = xcalloc(k->capacity, sizeof *c.list);
	if (k->count)
		memcpy(c.list, k->list, k->count * sizeof *c.list);
	return c;
}

int keymap_read(struct keymap *k, const char *path, struct err *e)
{
	struct keymap before = copy(k);

	return settle(k, &before, ini_read_file(path, bind_key, k, e));
}

int keymap_read_text(struct keymap *k, const char *name_for_errors, const char *text, struct err *e)
{
	struct keymap before = copy(k);

	return settle(k, &before, ini_read_text(name_for_errors, text, bind_key, k, e));
}

enum action keymap_lookup(const struct keymap *k, const char *pane, ui_key key)
{
	const struct binding *b = pane ? find(k, pane, key) : NULL;

	if (!b)
		b = find(k, NULL, key);
	return b ? b->action : ACTION_NONE;
}

const char *keymap_keys(const struct keymap *k, const char *pane, enum action a, char *buf, size_t size)
{
	char name[UI_KEY_NAME_SIZE];
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < k->count; i++) {
		const struct binding *b = &k->list[i];

		if (b->action != a || (pane ? !b->pane || strcmp(b->pane, pane) != 0 : b->pane != NULL))
			continue;
		key_print(name, b->key);
		if (used + strlen(name) + 2 > size)
			break;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? " " : "", name);
	}
	return buf;
}
