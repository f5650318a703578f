/* Names as compilers make them, and as their programmers wrote them; and names that stand for endless text. */
#include "symbol/demangle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *raw, const char *expected)
{
	char text[128];

	demangle(text, sizeof text, raw);
	assert_string_equal(text, expected);
}

static void names_of_c_stay(void **state)
{
	(void)state;
	check("ct_lookup", "ct_lookup");
	check("memcpy@@GLIBC_2.14", "memcpy");
	check("main.(*Server).run", "main.(*Server).run"); /* Go */
	check("_start", "_start");
	check("", "");
	check("evil\x1b[2Jname", "evil?[2Jname");
}

static void needs_libiberty(void)
{
#ifndef HAVE_LIBIBERTY
	printf("# skip: built without libiberty\n");
	skip();
#endif
}

static void names_of_cxx(void **state)
{
	(void)state;
	needs_libiberty();
	check("_ZN4shop5Table4findEi", "shop::Table::find");
	check("_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<int, std::allocator<int> >::push_back");
	check("_ZNK3foo3barIiE3bazEv", "foo::bar<int>::baz");
	check("_ZZN3app3runEvENKUlvE_clEv", "app::run()::{lambda()#1}::operator()");
	check("_ZTV5Table", "vtable for Table");
	check("_Znonsense", "_Znonsense");
}

static void names_of_rust(void **state)
{
	(void)state;
	needs_libiberty();
	check("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt");
	check("_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE",
		"<Test + 'static as foo::Bar<Test>>::bar");
	check("_RNvCs1234_7mycrate3foo", "mycrate::foo");
	check("_RNvNtCs1234_7mycrate4shop4find", "mycrate::shop::find");
	check("_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE", "std::mem::align_of::<std::mem::Discriminant>");
}

static void a_long_name_is_cut(void **state)
{
	char text[16];

	(void)state;
	needs_libiberty();
	demangle(text, sizeof text, "_ZN4shop5Table4findEi");
	assert_string_equal(text, "shop::Table::fi");
}

/* Each part is two of the part before: a thousand million of the first. */
static void a_name_that_stands_for_endless_text(void **state)
{
	static const char cxx[] =
		"_Z1fI1aIiiES0_IS1_S1_ES0_IS2_S2_ES0_IS3_S3_ES0_IS4_S4_ES0_IS5_S5_ES0_IS6_S6_ES0_IS7_S7_ES0_IS8_S8_ES0_IS9_S9_E"
		"S0_ISA_SA_ES0_ISB_SB_ES0_ISC_SC_ES0_ISD_SD_ES0_ISE_SE_ES0_ISF_SF_ES0_ISG_SG_ES0_ISH_SH_ES0_ISI_SI_ES0_ISJ_SJ_E"
		"S0_ISK_SK_ES0_ISL_SL_ES0_ISM_SM_ES0_ISN_SN_ES0_ISO_SO_ES0_ISP_SP_ES0_ISQ_SQ_ES0_ISR_SR_ES0_ISS_SS_ES0_IST_ST_E"
		"S0_ISU_SU_EEvv";
	static const char rust[] =
		"_RINvC1a1fTuuETB7_B7_ETBb_Bb_ETBj_Bj_ETBr_Br_ETBz_Bz_ETBH_BH_ETBP_BP_ETBX_BX_ETB15_B15_ETB1d_B1d_ETB1n_B1n_E"
		"TB1x_B1x_ETB1H_B1H_ETB1R_B1R_ETB21_B21_ETB2b_B2b_ETB2l_B2l_ETB2v_B2v_ETB2F_B2F_ETB2P_B2P_ETB2Z_B2Z_ETB39_B39_E"
		"TB3j_B3j_ETB3t_B3t_ETB3D_B3D_ETB3N_B3N_ETB3X_B3X_ETB47_B47_ETB4h_B4h_ETB4r_B4r_EE";
	char text[40];

	(void)state;
	needs_libiberty();
	demangle(text, sizeof text, cxx);
	assert_string_equal(text, "f<a<int, int>, a<a<int, int>, a<int, in");
	demangle(text, sizeof text, rust);
	assert_string_equal(text, "a::f::<((), ()), (((), ()), ((), ())), ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_c_stay),
		cmocka_unit_test(names_of_cxx),
		cmocka_unit_test(names_of_rust),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(a_name_that_stands_for_endless_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
