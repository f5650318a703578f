/* Stacks that programs copied of themselves, as a probe would: with and without frame pointers and unwind tables, through
 * the C library, cut short, and overwritten. The chain is known: see subject.c. */
#include "live.h"

#include "symbol/frames.h"

struct dump {
	uint64_t word[34], base, size;
	uint8_t stack[16384];
};

struct stack {
	struct live live;
	struct dump dump;
	uint64_t pcs[64];
	struct symbol_unwound how;
};

static void capture(struct stack *s, const char *flavour, const char *mode)
{
	char program[256], path[] = "/tmp/tach-test-XXXXXX";
	const char *argv[] = { program, mode, path, NULL };
	int fd = mkstemp(path);

	subject_path(program, sizeof program, flavour);
	live_start(&s->live, argv);
	assert_int_equal(read(fd, &s->dump, sizeof s->dump), sizeof s->dump);
	close(fd);
	unlink(path);
	live_look(&s->live, child_pid(s->live.child));
}

static void unwind(struct stack *s, size_t bytes, size_t max)
{
	struct symbol_regs regs;

	memcpy(regs.word, s->dump.word, sizeof regs.word);
	symbols_unwind(s->live.symbols, &regs, s->dump.stack, bytes, s->dump.base, s->pcs, max, &s->how);
}

/* Names of the frames, innermost first, those of the C library as "libc": "libc libc inner middle outer main libc". */
static const char *chain(struct stack *s)
{
	static char text[1024];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < s->how.count; i++) {
		struct symbol_name name;
		bool libc;

		symbols_name(s->live.symbols, s->pcs[i], &name);
		libc = strncmp(name.module, "libc.so", 7) == 0;
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? " " : "", libc ? "libc" : name.name);
	}
	printf("# %s%s%s\n", text, *s->how.why ? ": " : "", s->how.why);
	return text;
}

/* Between the two, "libc" any number of times. */
static void assert_chain(struct stack *s, const char *const expected[])
{
	const char *at = chain(s);

	for (; *expected; expected++) {
		while (strcmp(*expected, "libc") != 0 && strncmp(at, "libc ", 5) == 0)
			at += 5;
		if (strncmp(at, *expected, strlen(*expected)) != 0 || !strchr(" ", at[strlen(*expected)]))
			fail_msg("expected %s at \"%s\"", *expected, at);
		at += strlen(*expected);
		at += *at == ' ';
	}
}

static void end(struct stack *s)
{
	live_end(&s->live);
}

static void needs_libdw(void)
{
#ifndef HAVE_LIBDW
	printf("# skip: built without libdw\n");
	skip();
#endif
}

/* The line of a caller is that of its call. */
static void assert_called_at(struct stack *s, size_t frame, const char *call)
{
	struct symbol_line line;
	char text[256] = "";
	struct err e;
	FILE *f;

	assert_int_equal(symbols_line(s->live.symbols, s->pcs[frame], &line, &e), 0);
	f = fopen("tests/symbol/subject.c", "r");
	assert_non_null(f);
	for (unsigned i = 0; i < line.line; i++)
		assert_non_null(fgets(text, sizeof text, f));
	fclose(f);
	if (!strstr(text, call))
		fail_msg("line %u is \"%s\"", line.line, text);
}

static const char *const whole_chain[] = { "libc", "inner", "middle", "outer", "main", "libc", "_start", NULL };
static const char *const sorted_chain[] = { "libc", "inner", "compare", "libc", "middle", "outer", "main", "libc", "_start",
	NULL };

static void check_whole(const char *flavour, const char *mode, const char *const expected[])
{
	struct stack s;

	needs_libdw();
	capture(&s, flavour, mode);
	unwind(&s, s.dump.size, 64);
	assert_chain(&s, expected);
	assert_true(s.how.whole);
	assert_string_equal(s.how.why, "");
	assert_int_equal(s.how.by_frame_pointer, 0);
	end(&s);
}

static void a_program_with_frame_pointers(void **state)
{
	(void)state;
	check_whole("fp", "chain", whole_chain);
}

static void a_program_without_frame_pointers(void **state)
{
	(void)state;
	check_whole("nofp", "chain", whole_chain);
}

static void the_lines_of_the_calls(void **state)
{
	struct stack s;
	size_t n = 0;

	(void)state;
	needs_libdw();
	capture(&s, "nofp", "chain");
	unwind(&s, s.dump.size, 64);
	for (struct symbol_name name; n < s.how.count; n++) {
		symbols_name(s.live.symbols, s.pcs[n], &name);
		if (strcmp(name.name, "inner") == 0)
			break;
	}
	assert_true(n + 3 < s.how.count);
	assert_called_at(&s, n, "nanosleep(&t, NULL);");
	assert_called_at(&s, n + 1, "n += inner(n);");
	assert_called_at(&s, n + 2, "return middle(n + 1, sorted) + 1;");
	assert_called_at(&s, n + 3, "outer(argc, sorted);");
	end(&s);
}

/* Here frame pointers lie: the C library keeps none, so that the one in the register is inner's, and following it would
 * lose inner() or compare(), which is the one that waits. */
static void through_a_callback_of_the_c_library(void **state)
{
	(void)state;
	check_whole("fp", "qsort", sorted_chain);
	check_whole("nofp", "qsort", sorted_chain);
}

/* Without tables of its own, from the C library's (which have them) on by frame pointer, and from there by tables again. */
static void a_program_without_tables_by_frame_pointer(void **state)
{
	struct stack s;

	(void)state;
	needs_libdw();
	capture(&s, "barefp", "chain");
	unwind(&s, s.dump.size, 64);
	assert_chain(&s, whole_chain);
	assert_int_equal(s.how.by_frame_pointer, 4); /* the callers of inner, middle, outer and main */
	assert_true(s.how.whole);
	end(&s);
}

static void neither_tables_nor_frame_pointers_is_said(void **state)
{
	struct stack s;

	(void)state;
	needs_libdw();
	capture(&s, "bare", "chain");
	unwind(&s, s.dump.size, 64);
	assert_chain(&s, (const char *const[]){ "libc", "inner", NULL });
	assert_false(s.how.whole);
	assert_true(s.how.count < 6);
	assert_non_null(strstr(s.how.why, s.how.by_frame_pointer ? "return address" : "subject-bare: "));
	end(&s);
}

static void a_short_copy_says_where_it_ended(void **state)
{
	struct stack s;

	(void)state;
	needs_libdw();
	capture(&s, "nofp", "chain");
	unwind(&s, 128, 64);
	assert_false(s.how.whole);
	assert_string_equal(s.how.why, "the copy of the stack ended after 128 bytes");
	assert_in_range(s.how.count, 1, 3);
	unwind(&s, 0, 64);
	assert_int_equal(s.how.count, 1);
	assert_string_equal(s.how.why, "the copy of the stack ended after 0 bytes");
	unwind(&s, s.dump.size, 64); /* and the same process again */
	assert_chain(&s, whole_chain);
	end(&s);
}

static void no_more_frames_than_there_is_room(void **state)
{
	struct stack s;

	(void)state;
	needs_libdw();
	capture(&s, "nofp", "chain");
	s.pcs[3] = 0x1234;
	unwind(&s, s.dump.size, 3);
	assert_int_equal(s.how.count, 3);
	assert_int_equal(s.pcs[3], 0x1234);
	assert_string_equal(s.how.why, "deeper than 3 frames");
	end(&s);
}

/* Whatever stands on the stack, it ends, and gives only addresses of code. */
static void an_overwritten_stack(void **state)
{
	uint64_t random = 0x9e3779b97f4a7c15u;
	struct stack s;
	struct dump good;

	(void)state;
	needs_libdw();
	capture(&s, "nofp", "qsort");
	good = s.dump;
	for (int round = 0; round < 300; round++) {
		s.dump = good;
		for (int i = 0; i < 20; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			memcpy(s.dump.stack + (random >> 33) % (s.dump.size - 8) / 8 * 8, round % 3 ? &random : &good.word[16], 8);
		}
		if (round % 5 == 0)
			s.dump.word[random >> 60] = random;
		unwind(&s, s.dump.size, 64);
		assert_in_range(s.how.count, 1, 64);
		assert_true(s.how.whole == !*s.how.why);
	}
	end(&s);
}

/* What is left without libdw; and why it is only that: inner() is lost, for the C library keeps no frame pointer. */
static void by_frame_pointer_alone(void **state)
{
	static const char *const expected[] = { "libc", "middle", "outer", "main", NULL };
	struct symbol_regs regs;
	struct symbol_name name;
	struct stack s;

	(void)state;
	capture(&s, "fp", "chain");
	memcpy(regs.word, s.dump.word, sizeof regs.word);
	s.how = (struct symbol_unwound){ .count = 0 };
	symbols_name(s.live.symbols, live_address(&s.live, "inner"), &name); /* reads the maps */
	frames_walk(&(struct frames){ s.live.symbols, &regs, s.dump.stack, s.dump.size, s.dump.base, s.pcs, 64, &s.how });
	assert_chain(&s, expected);
	assert_false(s.how.whole);
	assert_int_equal(s.how.by_frame_pointer, s.how.count - 1);
	assert_int_equal(strncmp(s.how.why, "by frame pointer only", 21), 0);
	end(&s);
}

static void a_pc_that_is_nowhere(void **state)
{
	struct stack s;

	(void)state;
	capture(&s, "fp", "chain");
#if defined(__x86_64__)
	s.dump.word[16] = 8;
#else
	s.dump.word[32] = 8;
#endif
	unwind(&s, s.dump.size, 64);
	assert_int_equal(s.how.count, 0);
	assert_string_equal(s.how.why, "the thread stands at an address that is not mapped");
	end(&s);
}

/* The C library's tables do not fit beside what is kept: nothing is read again and again, and the stack says why. */
static void tables_without_room(void **state)
{
	struct stack s;
	int dir;

	(void)state;
	needs_libdw();
	capture(&s, "nofp", "chain");
	symbols_close(s.live.symbols);
	symbol_cache_free(s.live.cache);
	s.live.cache = symbol_cache_new(20000);
	dir = open_proc(child_pid(s.live.child));
	s.live.symbols = symbols_open(s.live.cache, child_pid(s.live.child), dir);
	close(dir);
	for (int i = 0; i < 3; i++) {
		unwind(&s, s.dump.size, 64);
		assert_false(s.how.whole);
		assert_non_null(strstr(s.how.why, "no room for its unwind data beside that of others"));
		assert_true(symbol_cache_bytes(s.live.cache) <= 20000);
	}
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_with_frame_pointers),
		cmocka_unit_test(a_program_without_frame_pointers),
		cmocka_unit_test(the_lines_of_the_calls),
		cmocka_unit_test(through_a_callback_of_the_c_library),
		cmocka_unit_test(a_program_without_tables_by_frame_pointer),
		cmocka_unit_test(neither_tables_nor_frame_pointers_is_said),
		cmocka_unit_test(a_short_copy_says_where_it_ended),
		cmocka_unit_test(no_more_frames_than_there_is_room),
		cmocka_unit_test(an_overwritten_stack),
		cmocka_unit_test(by_frame_pointer_alone),
		cmocka_unit_test(a_pc_that_is_nowhere),
		cmocka_unit_test(tables_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
