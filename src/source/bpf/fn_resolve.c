/* Words of --fn against the symbols of a file. */
#include "source/bpf/fn_resolve.h"

#include "base/str.h"
#include "symbol/demangle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_MOST 1024 /* bytes of a symbol's name that are compared */

/* A return probe replaces the return address, which these keep for later. */
static const char *const twice[] = { "setjmp", "_setjmp", "__setjmp", "sigsetjmp", "__sigsetjmp", "getcontext", "swapcontext",
	"vfork", "__vfork", "__libc_vfork", NULL };

struct resolving {
	const struct fn_file *file;
	const struct fn_spec *spec;
	struct fn_match *out;
	size_t most, count, left_out;
	bool resolver;              /* the name is that of an IFUNC */
	char nearest[FN_TEXT];
};

static bool returns_twice(const char *name)
{
	for (const char *const *n = twice; *n; n++)
		if (strcmp(*n, name) == 0)
			return true;
	return false;
}

static const char *why_untimed(const struct resolving *r, const char *name)
{
	if (r->spec->kind == FN_STATIC)
		return "a static probe is a place and not a function";
	if (r->spec->count_only)
		return "as it was asked for";
	if (r->file->elf.go.size)
		return "Go moves its stacks, and a probe on the way back would crash the program";
	return returns_twice(name) ? "it returns twice, and a probe on the way back would crash the program" : NULL;
}

/* Compilers put these behind the name of a function that they changed within. */
static void cut_changes(char *name)
{
	static const char *const marks[] = { ".isra.", ".constprop.", ".lto_priv." };

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		char *at = strstr(name, marks[i]);

		if (at)
			*at = '\0';
	}
}

static void keep(struct resolving *r, const char *name, uint64_t address, uint64_t semaphore)
{
	struct fn_match *m = &r->out[r->count];
	uint8_t code[FN_ENTRY_BYTES] = { 0 };
	unsigned skip = 0;
	uint64_t offset;

	if (!fn_file_offset(r->file, address, true, &offset) || !elf_read_at(r->file->fd, code, sizeof code, offset))
		return;
	for (size_t i = 0; i < r->count; i++)
		if (r->out[i].offset == offset || (r->out[i].past_landing_pad && r->out[i].offset - 4 == offset))
			return; /* another name of it */
	if (r->count == r->most) {
		r->left_out++;
		return;
	}
	*m = (struct fn_match){ .entry = fn_entry_of(code, &skip), .untimed = why_untimed(r, name) };
	m->offset = offset + skip;
	m->past_landing_pad = skip > 0;
	if (semaphore && !fn_file_offset(r->file, semaphore, false, &m->semaphore))
		return;
	str_clean(m->name, sizeof m->name, name, strlen(name));
	r->count++;
}

/* Of that name the nearest one so far. */
static void come_near(struct resolving *r, const char *name)
{
	const char *const two[] = { r->nearest, name };
	const char *nearest = str_nearest(r->spec->symbol, r->nearest[0] ? two : two + 1, r->nearest[0] ? 2 : 1);

	if (nearest == name)
		str_clean(r->nearest, sizeof r->nearest, name, strlen(name));
}

static bool take_function(void *context, const struct fn_symbol *s)
{
	struct resolving *r = context;
	char name[NAME_MOST];
	bool named;

	if (strlen(s->name) >= sizeof name)
		return true;
	strcpy(name, s->name);
	cut_changes(name);
	named = fn_spec_names_symbol(r->spec, name);
	if (!named && name[0] == '_' && (name[1] == 'Z' || name[1] == 'R')) {
		demangle(name, sizeof name, s->name);
		named = fn_spec_names_symbol(r->spec, name);
	}
	if (named && s->resolver)
		r->resolver = true;
	else if (named)
		keep(r, name, s->address, 0);
	else if (r->spec->kind == FN_SYMBOL && !r->count)
		come_near(r, name);
	return true;
}

static bool take_static(void *context, const struct fn_symbol *s)
{
	struct resolving *r = context;

	if (r->spec->provider[0] && strcmp(r->spec->provider, s->provider) != 0)
		return true;
	if (strcmp(r->spec->symbol, s->name) == 0)
		keep(r, s->name, s->address, s->semaphore);
	else if (!r->count)
		come_near(r, s->name);
	return true;
}

static void explain(const struct resolving *r, const char *shown, struct err *e)
{
	const char *what = r->spec->kind == FN_STATIC ? "static probe" : "function";
	char symbol[FN_TEXT];

	str_clean(symbol, sizeof symbol, r->spec->symbol, strlen(r->spec->symbol));
	if (r->resolver)
		err_set(e, ENOENT, "%.60s in %.60s only chooses, when the program starts, which function is used; name that one",
			symbol, shown);
	else if (r->spec->kind == FN_GLOB)
		err_set(e, ENOENT, "no function in %.80s matches %.80s", shown, symbol);
	else if (r->nearest[0])
		err_set(e, ENOENT, "there is no %s %.60s in %.60s; did you mean %.60s?", what, symbol, shown, r->nearest);
	else
		err_set(e, ENOENT, "there is no %s %.80s in %.80s%s", what, symbol, shown,
			r->spec->kind == FN_SYMBOL && !r->file->elf.symtab.size ? ", which has been stripped" : "");
}

/* A probe amid an instruction would make another one of it. */
static void take_address(struct resolving *r, const char *shown, struct err *e)
{
	bool start = fn_file_is_start(r->file, r->spec->address);
	char name[24];

	snprintf(name, sizeof name, "0x%llx", (unsigned long long)r->spec->address);
	if (start || r->spec->count_only)
		keep(r, name, r->spec->address, 0);
	if (!r->count)
		err_set(e, ENOENT, start || r->spec->count_only ? "%s is not in the code of %.80s" :
			"no function is known to begin at %s of %.80s, and a probe within an instruction would crash the program; "
			"uprobe: before it counts it nevertheless", name, shown);
}

size_t fn_resolve(const struct fn_file *f, const char *shown, const struct fn_spec *s, struct fn_match *out,
	size_t most, size_t *left_out, struct err *e)
{
	struct resolving r = { .file = f, .spec = s, .out = out, .most = most };

	if (s->kind == FN_ADDRESS) {
		take_address(&r, shown, e);
	} else {
		if (s->kind == FN_STATIC)
			fn_file_statics(f, take_static, &r);
		else
			fn_file_functions(f, take_function, &r);
		if (r.resolver && s->kind == FN_SYMBOL)
			r.count = 0; /* what else has the name is there for programs of old */
		if (!r.count)
			explain(&r, shown, e);
	}
	*left_out = r.left_out;
	return r.count;
}
