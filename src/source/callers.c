/* Functions of the C library and its like, by name. */
#include "source/callers.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define TEXT_CALLERS 3 /* functions that a text names */

const char *lock_nature_name(enum lock_nature n)
{
	static const char *const names[] = { NULL, "mutex", "rwlock", "sem", "barrier", "cond", "join" };

	return names[n];
}

bool lock_nature_contends(enum lock_nature n)
{
	return n == NATURE_MUTEX || n == NATURE_RWLOCK;
}

/* Functions that wait for their caller, by the words that their names hold; the nature that they give a lock. */
static const struct {
	const char *word;
	enum lock_nature nature;
} waiting[] = {
	{ "pthread_mutex_", NATURE_MUTEX },    { "lll_lock_wait", NATURE_MUTEX },
	{ "pthread_rwlock_", NATURE_RWLOCK },  { "pthread_cond_", NATURE_COND },
	{ "pthread_barrier_", NATURE_BARRIER }, { "sem_wait", NATURE_SEM },
	{ "sem_timedwait", NATURE_SEM },       { "sem_clockwait", NATURE_SEM },
	{ "new_sem_wait", NATURE_SEM },        { "pthread_join", NATURE_JOIN },
	{ "pthread_clockjoin", NATURE_JOIN },
};

/* The nature of the outermost of them: a condition variable also takes a mutex. */
static enum lock_nature nature_of(const struct symbol_name *frames, size_t count)
{
	enum lock_nature nature = NATURE_UNKNOWN;

	for (size_t i = 0; i < count; i++)
		for (size_t w = 0; w < sizeof waiting / sizeof waiting[0]; w++)
			if (strstr(frames[i].name, waiting[w].word))
				nature = waiting[w].nature;
	return nature;
}

/* Code of libraries that only pass the wait on. */
static bool passes_on(const struct symbol_name *n)
{
	static const char *const modules[] = { "libc.so", "libc-", "libpthread", "ld-linux", "[vdso]", "libstdc++" };
	static const char *const names[] = { "std::", "__gthread", "pthread_", "__pthread", "lock_slow", "futex" };

	for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++)
		if (str_starts(n->module, modules[i]))
			return true;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_starts(n->name, names[i]))
			return true;
	return false;
}

/* Where a thread or the program begins: no caller that says anything. */
static bool is_begin(const struct symbol_name *n)
{
	static const char *const names[] = { "start_thread", "clone", "__clone", "__libc_start", "_start" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_starts(n->name, names[i]))
			return true;
	return false;
}

struct callers callers_of(const struct symbol_name *frames, size_t count)
{
	struct callers c = { .own = 0 };

	while (c.own < count && passes_on(&frames[c.own]))
		c.own++;
	c.nature = nature_of(frames, c.own);
	for (c.end = c.own; c.end < count && !is_begin(&frames[c.end]);)
		c.end++;
	if (c.own == c.end) {
		c.own = 0;
		c.end = count ? 1 : 0;
	}
	return c;
}

char *callers_text(char *buf, size_t size, const struct symbol_name *frames, size_t count)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = count < TEXT_CALLERS ? count : TEXT_CALLERS; i-- > 0 && n < size;)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", frames[i].name[0] ? frames[i].name : frames[i].module,
			i ? " > " : "");
	return buf;
}
