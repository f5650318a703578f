/*
 * Unwinding a copied stack. First by the unwind tables (.eh_frame) of the modules, which know every call, also of code
 * without frame pointers; where there are none (code made at run time, a file that is gone) by frame pointer. The other
 * way round would lose frames without a word: while a thread waits in a C library that keeps no frame pointers, the one in
 * the register is its caller's, and the frame above that caller's would be taken for the caller.
 */
#include "symbol/frames.h"

#include "base/alloc.h"

#include <stdlib.h>

#ifdef HAVE_LIBDW

#include <elfutils/libdwfl.h>

#define KEPT 4u /* processes whose unwinder is kept */

struct unwinder {
	struct symbols *s;
	Dwfl *dwfl;
	bool attached;
	struct image **pinned;    /* the library reads from their memory */
	size_t npinned, pinned_capacity;
	struct frames *now;       /* the stack that is being unwound */
	bool outside;             /* what the last frame asks for is not in the copy */
	bool wild;                /* it was no frame: its address is not in code */
	bool full;                /* there was no room for some tables */
};

/* ---- what the library asks for ---- */

static const struct map *map_at(const struct unwinder *u, uint64_t address)
{
	return maps_find(&u->s->maps, address);
}

/* The process other than s whose unwinder was used least; NULL: none has one. */
static struct symbols *least_used(struct symbol_cache *c, const struct symbols *s, unsigned *kept)
{
	struct symbols *least = NULL;

	*kept = 0;
	for (struct symbols *p = c->processes; p; p = p->next) {
		*kept += p->unwinder != NULL;
		if (p->unwinder && p != s && (!least || p->used < least->used))
			least = p;
	}
	return least;
}

static void drop_unwinder(struct symbols *s)
{
	unwinder_free(s->unwinder);
	s->unwinder = NULL;
}

/* The tables that an unwinder holds cannot be given up before it. */
static uint8_t *load_tables(struct unwinder *u, struct image *image)
{
	struct images *all = &u->s->cache->images;
	size_t bytes = image_unwind_bytes(image);
	struct symbols *other;
	unsigned kept;
	uint8_t *file;

	while (bytes && !images_trim(all, image, bytes) && (other = least_used(u->s->cache, u->s, &kept)))
		drop_unwinder(other);
	file = image_unwind_file(all, image);
	u->full = u->full || (bytes && !file);
	return file;
}

/* Gives the unwind tables of the module that begins at base. */
static int find_elf(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, char **file_name, Elf **elf)
{
	struct unwinder *u = *userdata;
	const struct map *map = map_at(u, base);
	struct image *image;
	uint8_t *file;
	const char *why;
	uint64_t vaddr;

	(void)module;
	(void)name;
	(void)file_name;
	image = map && map->module != MAPS_NO_MODULE ? symbols_image(u->s, map, base, &vaddr, &why) : NULL;
	file = image ? load_tables(u, image) : NULL;
	*elf = file ? elf_memory((char *)file, image->unwind_size) : NULL;
	if (!*elf)
		return -1;
	u->pinned = xgrow(u->pinned, &u->pinned_capacity, u->npinned + 1, sizeof(struct image *));
	u->pinned[u->npinned++] = image;
	image->pins++;
	return -1; /* no descriptor is needed */
}

/* Never: the library would ask the network. */
static int find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file_name,
	const char *debuglink_file, GElf_Word debuglink_crc, char **debuginfo_file_name)
{
	(void)module;
	(void)userdata;
	(void)name;
	(void)base;
	(void)file_name;
	(void)debuglink_file;
	(void)debuglink_crc;
	(void)debuginfo_file_name;
	return -1;
}

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
	(void)dwfl;
	if (*thread_arg)
		return 0;
	*thread_arg = arg;
	return 1;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread_arg)
{
	(void)dwfl;
	(void)tid;
	*thread_arg = arg;
	return true;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *out, void *arg)
{
	struct unwinder *u = arg;

	(void)dwfl;
	if (frames_read(u->now, address, out))
		return true;
	u->outside = true;
	return false;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	struct unwinder *u = arg;
	Dwarf_Word words[FRAMES_REGISTERS];
	unsigned count = frames_registers(u->now->regs, words);

	dwfl_thread_state_register_pc(thread, frames_pc(u->now->regs));
	return dwfl_thread_state_registers(thread, 0, count, words);
}

static const Dwfl_Callbacks files = { .find_elf = find_elf, .find_debuginfo = find_debuginfo };
static const Dwfl_Thread_Callbacks threads = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_memory,
	.set_initial_registers = set_registers,
};

/* ---- */

void unwinder_free(struct unwinder *u)
{
	if (!u)
		return;
	dwfl_end(u->dwfl);
	for (size_t i = 0; i < u->npinned; i++)
		u->pinned[i]->pins--;
	free(u->pinned);
	free(u);
}

/* Tells the library of all modules with code; none is opened before a frame lies in it. */
static void report_modules(struct unwinder *u)
{
	const struct maps *maps = &u->s->maps;

	dwfl_report_begin(u->dwfl);
	for (size_t i = 0; i < maps->nmodules; i++) {
		const struct module *m = &maps->modules[i];
		Dwfl_Module *module = m->exec ? dwfl_report_module(u->dwfl, "", m->start, m->end) : NULL;
		void **userdata;

		if (module && dwfl_module_info(module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL))
			*userdata = u;
	}
	dwfl_report_end(u->dwfl, NULL, NULL);
}

static void drop_others(struct symbols *s)
{
	struct symbols *least;
	unsigned kept;

	while ((least = least_used(s->cache, s, &kept)) && kept >= KEPT)
		drop_unwinder(least);
}

static struct unwinder *unwinder_of(struct symbols *s)
{
	struct unwinder *u = s->unwinder;

	if (u)
		return u;
	drop_others(s);
	u = s->unwinder = xcalloc(1, sizeof *u);
	u->s = s;
	elf_version(EV_CURRENT);
	u->dwfl = dwfl_begin(&files);
	if (!u->dwfl)
		return u;
	report_modules(u);
	u->attached = dwfl_attach_state(u->dwfl, NULL, s->pid, &threads, u);
	return u;
}

static bool has_table(const struct unwinder *u, uint64_t pc)
{
	Dwfl_Module *module = dwfl_addrmodule(u->dwfl, pc);
	Dwarf_Frame *frame = NULL;
	Dwarf_Addr bias;
	Dwarf_CFI *cfi = module ? dwfl_module_eh_cfi(module, &bias) : NULL;
	bool found = cfi && dwarf_cfi_addrframe(cfi, pc - bias, &frame) == 0;

	free(frame);
	return found;
}

static int take_frame(Dwfl_Frame *frame, void *arg)
{
	struct unwinder *u = arg;
	struct frames *now = u->now;
	const struct map *map;
	bool exact;
	Dwarf_Addr pc;

	u->outside = false;
	if (!dwfl_frame_pc(frame, &pc, &exact))
		return DWARF_CB_ABORT;
	pc -= exact ? 0 : 1;
	map = map_at(u, pc);
	if (now->out->count && (!map || !map->exec)) {
		u->wild = true;
		return DWARF_CB_ABORT;
	}
	if (now->out->count)
		now->out->by_frame_pointer += !has_table(u, now->pcs[now->out->count - 1]);
	if (now->out->count == now->max)
		return DWARF_CB_ABORT;
	now->pcs[now->out->count++] = pc;
	return DWARF_CB_OK;
}

/* Why nothing leads on from the last frame that was found. */
static void explain(struct unwinder *u)
{
	struct frames *now = u->now;
	uint64_t pc = now->out->count ? now->pcs[now->out->count - 1] : frames_pc(now->regs), vaddr;
	const struct map *map = map_at(u, pc);
	char name[SYMBOL_MODULE_TEXT];
	const char *why;
	struct image *image;

	if (u->outside && has_table(u, pc)) {
		frames_say(now, "the copy of the stack ended after %zu bytes", now->size);
		return;
	}
	if (!map || map->module == MAPS_NO_MODULE) {
		frames_say(now, "code made at run time has no unwind data, and its frame pointer leads nowhere");
		return;
	}
	symbols_module_name(u->s, map, name, sizeof name);
	image = symbols_image(u->s, map, pc, &vaddr, &why);
	why = !image ? why : image->unwindless ? image->unwindless : "no unwind data for this place";
	frames_say(now, "%s: %s, and its frame pointer leads nowhere", name, why);
}

static bool unwind_by_tables(struct frames *now)
{
	struct unwinder *u = unwinder_of(now->s);
	int rc;

	if (!u->attached)
		return false;
	u->now = now;
	u->outside = u->wild = false;
	rc = dwfl_getthread_frames(u->dwfl, 1, take_frame, u);
	if (rc == 0 && !u->outside)
		now->out->whole = true;
	else if (u->wild)
		frames_say(now, "a return address that is not in code: the stack is overwritten, or its unwind data wrong");
	else if (rc > 0)
		frames_say(now, "deeper than %zu frames", now->max);
	else
		explain(u);
	u->now = NULL;
	if (u->full) /* the next stack may need others */
		drop_unwinder(now->s);
	images_trim(&now->s->cache->images, NULL, 0);
	return now->out->count > 0;
}

#else

void unwinder_free(struct unwinder *u)
{
	(void)u;
}

static bool unwind_by_tables(struct frames *now)
{
	(void)now;
	return false;
}

#endif

void symbols_unwind(struct symbols *s, const struct symbol_regs *regs, const uint8_t *stack, size_t size, uint64_t base,
	uint64_t *pcs, size_t max, struct symbol_unwound *out)
{
	struct frames now = { s, regs, stack, size, base, pcs, max, out };

	*out = (struct symbol_unwound){ .count = 0 };
	if (!symbols_map(s, frames_pc(regs)))
		frames_say(&now, "%s", s->maps_why ? s->maps_why : "the thread stands at an address that is not mapped");
	else if (!unwind_by_tables(&now))
		frames_walk(&now);
}
