/* Parsing the kernel's line, and what the registers of a futex call mean. */
#include "source/blocked/look.h"

#include "base/str.h"
#include "source/waits.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define CALL_FUTEX_WAITV 449u /* the same everywhere, and newer than some headers */
#define CALL_FUTEX_WAIT 455u
#define LOCK_PI2 13u
#define MUTEX_OWNER 8 /* bytes from a glibc mutex to its owner's tid */

bool look_parse(const char *line, struct look *out)
{
	char *end;
	long call;

	*out = (struct look){ .call = CALL_NONE };
	if (str_starts(line, "running"))
		return true;
	out->blocked = true;
	call = strtol(line, &end, 10);
	if (call < 0 || end == line)
		return str_starts(line, "-1 ");
	if (call >= CALLS)
		return true;
	out->call = (uint32_t)call;
	for (int i = 0; i < 6; i++) {
		uint64_t arg = strtoull(end, &end, 16);

		if (i < 3)
			out->arg[i] = arg;
	}
	out->sp = strtoull(end, &end, 16);
	out->pc = strtoull(end, &end, 16);
	return true;
}

size_t look_into(pid_t pid, uint64_t addr, void *to, size_t size)
{
	struct iovec local = { to, size };
	struct iovec remote = { (void *)(uintptr_t)addr, size }; /* NOLINT(performance-no-int-to-ptr): an address over there */
	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return n < 0 ? 0 : (size_t)n;
}

static uint32_t peek_word(pid_t pid, uint64_t addr)
{
	uint32_t word = 0;

	return look_into(pid, addr, &word, sizeof word) == sizeof word ? word : 0;
}

/* Operation and value of the newer calls are put as those of the old one: all wait as FUTEX_WAIT_BITSET does. */
static uint32_t operation_of(pid_t pid, struct look *l)
{
	uint64_t first[2]; /* of the list: value, address */

	l->addr = l->arg[0];
	l->value = (uint32_t)l->arg[2];
	if (l->call == SYS_futex)
		return (uint32_t)l->arg[1];
	l->value = (uint32_t)l->arg[1];
	if (l->call == CALL_FUTEX_WAITV && look_into(pid, l->arg[0], first, sizeof first) == sizeof first) {
		l->addr = first[1];
		l->value = (uint32_t)first[0];
	}
	return FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;
}

void look_at_futex(pid_t pid, struct look *l)
{
	uint32_t operation, command;

	if (!l->blocked || (l->call != SYS_futex && l->call != CALL_FUTEX_WAITV && l->call != CALL_FUTEX_WAIT))
		return;
	operation = operation_of(pid, l);
	command = operation & (uint32_t)FUTEX_CMD_MASK;
	if (command == FUTEX_LOCK_PI || command == LOCK_PI2) {
		l->kind = FUTEX_KIND_PI;
		l->owner = peek_word(pid, l->addr) & FUTEX_TID_MASK;
	} else if (l->value == 2) {
		l->kind = FUTEX_KIND_MUTEX;
		l->owner = peek_word(pid, l->addr + MUTEX_OWNER);
	} else if (command == FUTEX_WAIT && l->value & FUTEX_WAITERS && l->value & FUTEX_TID_MASK) {
		l->kind = FUTEX_KIND_WORD;
		l->owner = l->value & FUTEX_TID_MASK;
	} else if (command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI) {
		l->kind = operation & FUTEX_PRIVATE_FLAG ? FUTEX_KIND_WORK : FUTEX_KIND_JOIN;
		l->owner = operation & FUTEX_PRIVATE_FLAG ? 0 : l->value;
	} else {
		l->kind = FUTEX_KIND_OTHER;
	}
}

bool look_is_contention(const struct look *l)
{
	return l->kind == FUTEX_KIND_MUTEX || l->kind == FUTEX_KIND_WORD || l->kind == FUTEX_KIND_PI;
}

const char *futex_kind_name(enum futex_kind kind)
{
	static const char *const names[] = { [FUTEX_KIND_NONE] = "", [FUTEX_KIND_MUTEX] = "mutex", [FUTEX_KIND_WORD] = "mutex",
		[FUTEX_KIND_PI] = "pi", [FUTEX_KIND_JOIN] = "join", [FUTEX_KIND_WORK] = "cond", [FUTEX_KIND_OTHER] = "futex" };

	return names[kind];
}
