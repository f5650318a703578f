/*
 * The parser of options. Three places give values (files, environment, command line) and one function takes them; what
 * a value may be is said by the row. Knows nothing of what the options do.
 */
#include "config/options.h"

#include "base/alloc.h"
#include "base/fmt.h"
#include "base/str.h"
#include "config/ini.h"
#include "config/paths.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_LIMIT 64
#define SPELLING 40 /* "--no-" and a name */

/* Values from one place. Elements of a list from another place are replaced, those from the same one added to. */
struct place {
	struct options *o;
	const struct option_row *list; /* the list that this place has begun */
};

static void *field(struct options *o, const struct option_row *row)
{
	return (char *)o + row->offset;
}

/* ---- values ---- */

static int set_flag(struct place *p, const struct option_row *row, const char *value, struct err *e)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false", "true", "0", "1" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(value, words[i]) == 0) {
			*(bool *)field(p->o, row) = i % 2 == 1;
			return 0;
		}
	return err_set(e, 0, "'%.40s' is neither on nor off", value);
}

/* "1h" rather than "3600000000000ns". */
static const char *exact_duration(char buf[FMT_SIZE], nsec_t t)
{
	static const struct {
		const char *name;
		nsec_t length;
	} units[] = { { "h", 3600 * NSEC_PER_SEC }, { "m", 60 * NSEC_PER_SEC }, { "s", NSEC_PER_SEC },
		{ "ms", NSEC_PER_MSEC }, { "us", NSEC_PER_USEC }, { "ns", 1 } };
	size_t i = 0;

	while (t % units[i].length)
		i++;
	snprintf(buf, FMT_SIZE, "%llu%s", (unsigned long long)(t / units[i].length), units[i].name);
	return buf;
}

/* "10ms to 1h" */
const char *options_range(char *buf, size_t size, const struct option_row *row)
{
	char low[FMT_SIZE], high[FMT_SIZE];

	if (row->type == OPTION_DURATION)
		snprintf(buf, size, "%s to %s", exact_duration(low, row->min), exact_duration(high, row->max));
	else if (row->type == OPTION_PERCENT)
		snprintf(buf, size, "%g%% to %g%%", (double)row->min / 100, (double)row->max / 100);
	else
		snprintf(buf, size, "%llu to %llu", (unsigned long long)row->min, (unsigned long long)row->max);
	return buf;
}

static int set_number(struct place *p, const struct option_row *row, const char *value, struct err *e)
{
	char range[2 * FMT_SIZE + 8];
	uint64_t v;

	if (row->type == OPTION_DURATION ? parse_duration(value, &v, e) : parse_count(value, &v, e))
		return -1;
	if (v < row->min || v > row->max)
		return err_set(e, 0, "%.40s is out of range: %s", value, options_range(range, sizeof range, row));
	*(uint64_t *)field(p->o, row) = v;
	return 0;
}

static int set_percent(struct place *p, const struct option_row *row, const char *value, struct err *e)
{
	char range[2 * FMT_SIZE + 8];
	double v;

	if (parse_percent(value, &v, e))
		return -1;
	if (v * 1e4 < (double)row->min || v * 1e4 > (double)row->max)
		return err_set(e, 0, "%.40s is out of range: %s", value, options_range(range, sizeof range, row));
	*(double *)field(p->o, row) = v;
	return 0;
}

static int set_text(struct place *p, const struct option_row *row, const char *value, struct err *e)
{
	char **text = field(p->o, row);

	if (!*value)
		return err_set(e, 0, "needs a value: %s", row->argument);
	free(*text);
	*text = xstrdup(value);
	return 0;
}

static void free_list(char ***list)
{
	for (size_t i = 0; *list && (*list)[i]; i++)
		free((*list)[i]);
	free(*list);
	*list = NULL;
}

static int set_list(struct place *p, const struct option_row *row, const char *value, struct err *e)
{
	char ***list = field(p->o, row);
	size_t count = 0;

	if (!*value)
		return err_set(e, 0, "needs a value: %s", row->argument);
	if (p->list != row)
		free_list(list);
	p->list = row;
	while (*list && (*list)[count])
		count++;
	*list = xreallocarray(*list, count + 2, sizeof **list);
	(*list)[count] = xstrdup(value);
	(*list)[count + 1] = NULL;
	return 0;
}

/* Takes a value; `where` is how its giver spells the option. */
static int set_value(struct place *p, const struct option_row *row, const char *where, const char *value, struct err *e)
{
	static int (*const setters[])(struct place *, const struct option_row *, const char *, struct err *) = {
		[OPTION_FLAG] = set_flag,
		[OPTION_DURATION] = set_number,
		[OPTION_COUNT] = set_number,
		[OPTION_PERCENT] = set_percent,
		[OPTION_TEXT] = set_text,
		[OPTION_LIST] = set_list,
	};
	struct err why;

	if (setters[row->type](p, row, value, &why))
		return err_set(e, 0, "%s: %s", where, why.text);
	return 0;
}

void options_init(struct options *o)
{
	struct place p = { .o = o };
	struct err e;

	*o = (struct options) { .children = false };
	for (const struct option_row *row = option_table; row->name; row++)
		if (row->value && set_value(&p, row, row->name, row->value, &e))
			fatal("%s", e.text);
}

void options_free(struct options *o)
{
	for (const struct option_row *row = option_table; row->name; row++)
		if (row->type == OPTION_TEXT)
			free(*(char **)field(o, row));
		else if (row->type == OPTION_LIST)
			free_list(field(o, row));
	*o = (struct options) { .children = false };
}

/* ---- config files and the environment ---- */

static int take_config_line(void *context, const char *section, const char *name, const char *value, struct err *e)
{
	const char *names[ROWS_LIMIT];
	size_t count = 0;

	if (*section)
		return err_set(e, 0, "[%.40s]: a config file has no sections", section);
	for (const struct option_row *row = option_table; row->name; row++) {
		if (strcmp(name, row->name) == 0 && !(row->scope & SCOPE_CONFIG))
			return err_set(e, 0, "'%s' can be given on the command line only", name);
		if (strcmp(name, row->name) == 0)
			return set_value(context, row, name, value, e);
		if (row->scope & SCOPE_CONFIG && count < ROWS_LIMIT)
			names[count++] = row->name;
	}
	return err_unknown(e, "option", name, str_nearest(name, names, count));
}

int options_read_text(struct options *o, const char *name_for_errors, const char *text, struct err *e)
{
	return ini_read_text(name_for_errors, text, take_config_line, &(struct place) { .o = o }, e);
}

/* A file that need not be there. */
static int read_config_if_any(struct options *o, const char *path, struct err *e)
{
	struct err why = { 0 };

	if (!path || !ini_read_file(path, take_config_line, &(struct place) { .o = o }, &why))
		return 0;
	if (why.code == ENOENT || why.code == ENOTDIR)
		return 0;
	return err_set(e, why.code, "%s", why.text);
}

static int read_config_files(struct options *o, const char *only, struct err *e)
{
	char *user;
	int rc;

	if (only)
		return ini_read_file(only, take_config_line, &(struct place) { .o = o }, e);
	if (read_config_if_any(o, "/etc/tach/config", e))
		return -1;
	user = paths_user("config");
	rc = read_config_if_any(o, user, e);
	free(user);
	return rc;
}

static const char *variable_name(char buf[SPELLING], const struct option_row *row)
{
	snprintf(buf, SPELLING, "TACH_%s", row->name);
	for (char *c = buf; *c; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	return buf;
}

/* NO_COLOR is the convention of no-color.org: any value but the empty one. */
static int read_environment(struct options *o, struct err *e)
{
	struct place p = { .o = o };
	const char *no_color = getenv("NO_COLOR");
	char name[SPELLING];

	if (no_color && *no_color)
		o->color = false;
	for (const struct option_row *row = option_table; row->name; row++) {
		const char *value = row->scope & SCOPE_CONFIG ? getenv(variable_name(name, row)) : NULL;

		if (value && *value && set_value(&p, row, name, value, e))
			return -1;
	}
	return 0;
}

/* ---- the command line ---- */

/* "--no-color" for a flag that is on by default and may be cleared, "--interval" for the rest. */
static const char *spelling(char buf[SPELLING], const struct option_row *row, bool negative)
{
	snprintf(buf, SPELLING, "--%s%s", negative ? "no-" : "", row->name);
	return buf;
}

/* The row of a long option, whose name is `length` bytes at `name`. A flag that config files may set has both forms. */
static const struct option_row *find_long(const char *name, size_t length, bool *negative)
{
	for (const struct option_row *row = option_table; row->name; row++) {
		bool both = row->type == OPTION_FLAG && row->scope & SCOPE_CONFIG;

		*negative = both && length > 3 && strncmp(name, "no-", 3) == 0 && strlen(row->name) == length - 3 &&
			strncmp(name + 3, row->name, length - 3) == 0;
		if (*negative || (strlen(row->name) == length && strncmp(name, row->name, length) == 0))
			return row;
	}
	return NULL;
}

static int fail_unknown(const char *word, size_t length, enum option_scope scope, struct err *e)
{
	char spellings[ROWS_LIMIT][SPELLING], clean[64];
	const char *names[ROWS_LIMIT];
	size_t count = 0;

	for (const struct option_row *row = option_table; row->name && count < ROWS_LIMIT; row++)
		if (row->scope & scope) {
			names[count] = spelling(spellings[count], row, row->negative);
			count++;
		}
	str_clean(clean, sizeof clean, word, length);
	return err_unknown(e, "option", clean, str_nearest(clean, names, count));
}

/* "--csv is no option here: it belongs to tach stat" */
static int fail_scope(const char *where, const struct option_row *row, struct err *e)
{
	static const struct {
		unsigned scope;
		const char *name;
	} scopes[] = { { SCOPE_DASH, "the dashboard" }, { SCOPE_STAT, "tach stat" }, { SCOPE_RUN, "tach run" },
		{ SCOPE_LIST, "tach list" } };
	char owners[80] = "";

	for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
		if (row->scope & scopes[i].scope)
			snprintf(owners + strlen(owners), sizeof owners - strlen(owners), "%s%s", *owners ? ", " : "",
				scopes[i].name);
	return err_set(e, 0, "%s is no option here: it belongs to %s", where, owners);
}

/* One option as it stands on the command line. */
struct given {
	const struct option_row *row;
	char where[SPELLING];
	const char *value; /* what came with it in the same word, or NULL */
	bool negative;
};

static int recognize(struct given *g, const char *word, enum option_scope scope, struct err *e)
{
	size_t length = strcspn(word, "=");

	*g = (struct given) { .value = NULL };
	if (word[1] == '-') {
		g->row = find_long(word + 2, length - 2, &g->negative);
		g->value = word[length] ? word + length + 1 : NULL;
		if (g->row)
			spelling(g->where, g->row, g->negative);
	} else {
		length = strlen(word);
		for (const struct option_row *row = option_table; row->name && !g->row; row++)
			if (row->letter && row->letter == word[1] && (row->type != OPTION_FLAG || !word[2]))
				g->row = row;
		g->value = word[2] ? word + 2 : NULL;
		snprintf(g->where, sizeof g->where, "-%c", word[1]);
	}
	if (!g->row)
		return fail_unknown(word, length, scope, e);
	return g->row->scope & scope ? 0 : fail_scope(g->where, g->row, e);
}

/* Takes the option at word[0]. Returns how many words it took, or -1. */
static int take_option(struct place *p, enum option_scope scope, char *const *word, struct err *e)
{
	struct given g;

	if (recognize(&g, word[0], scope, e))
		return -1;
	if (g.row->type == OPTION_FLAG) {
		if (g.value)
			return err_set(e, 0, "%s takes no value", g.where);
		*(bool *)field(p->o, g.row) = !g.negative;
		return 1;
	}
	if (g.value)
		return set_value(p, g.row, g.where, g.value, e) ? -1 : 1;
	if (!word[1] || strncmp(word[1], "--", 2) == 0)
		return err_set(e, 0, "%s needs a value: %s", g.where, g.row->argument);
	return set_value(p, g.row, g.where, word[1], e) ? -1 : 2;
}

static int read_words(struct options *o, enum option_scope scope, int argc, char **argv, int *rest, bool *command,
	struct err *e)
{
	struct place p = { .o = o };
	int i = 1;

	*command = false;
	while (i < argc && argv[i][0] == '-' && argv[i][1] && !*command) {
		int taken = 1;

		if (strcmp(argv[i], "--") == 0)
			*command = true;
		else
			taken = take_option(&p, scope, argv + i, e);
		if (taken < 0)
			return -1;
		i += taken;
	}
	*rest = i;
	return 0;
}

/* Options that are answered at once, whatever the config files say: they may be what mends them. */
static bool is_question(const struct options *o)
{
	return o->help || o->version || o->print_config || o->print_keys || o->print_theme;
}

static void find_keys_file(struct options *o)
{
	if (o->keys)
		return;
	o->keys = paths_user("keys");
	if (o->keys && access(o->keys, F_OK)) {
		free(o->keys);
		o->keys = NULL;
	}
}

int options_load(struct options *o, enum option_scope scope, int argc, char **argv, int *rest, bool *command,
	struct err *e)
{
	struct options first; /* of the command line alone, which says where the config is */
	int rc;

	options_init(&first);
	rc = read_words(&first, scope, argc, argv, rest, command, e);
	if (!rc && scope != SCOPE_LIST && !is_question(&first)) /* what tach knows depends on no config */
		rc = read_config_files(o, first.config, e) || read_environment(o, e) ? -1 : 0;
	options_free(&first);
	if (rc)
		return -1;
	find_keys_file(o);
	return read_words(o, scope, argc, argv, rest, command, e);
}

/* ---- --print-config ---- */

char *options_print_config(void)
{
	char *text = NULL, range[2 * FMT_SIZE + 8];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		fatal("out of memory");
	fputs("# Config of tach: ~/.config/tach/config (after XDG_CONFIG_HOME), over /etc/tach/config. Over both\n"
	      "# go the environment, as in TACH_INTERVAL=500ms, and the command line, as in --interval 500ms. Flags\n"
	      "# are on or off.\n",
		f);
	for (const struct option_row *row = option_table; row->name; row++) {
		if (!(row->scope & SCOPE_CONFIG))
			continue;
		fprintf(f, "\n# %s%s", row->negative ? "off: " : "", row->help);
		if (row->max)
			fprintf(f, ", %s", options_range(range, sizeof range, row));
		fprintf(f, "\n%s%s = %s\n", row->value ? "" : "# ", row->name, row->value ? row->value : row->argument);
	}
	fclose(f);
	return text;
}
