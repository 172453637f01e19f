package io.drover.scheduler.cpu;

import io.drover.scheduler.cpu.CpuidLeaf.Register;
import java.util.List;
import java.util.Locale;

/**
 * What CPUID's bits are called: as in /proc/cpuinfo (linux, arch/x86/include/asm/cpufeatures.h), else by their place. A
 * '-' stands for a bit that has no name there.
 */
final class FeatureNames {
    /** The names of one register's bits, from bit 0. */
    private record Word(int function, int index, Register register, List<String> names) {
        Word(int function, int index, Register register, String names) {
            this(function, index, register, List.of(names.split(" ", -1)));
        }
    }

    private static final List<Word> WORDS = List.of(
            new Word(0x1, 0, Register.EDX,
                    "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn"
                            + " clflush - dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe"),
            new Word(0x1, 0, Register.ECX, "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16"
                    + " xtpr pdcm - pcid dca sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave osxsave avx"
                    + " f16c rdrand hypervisor"),
            new Word(0x6, 0, Register.EAX, "- - arat"),
            new Word(0x7, 0, Register.EBX,
                    "fsgsbase tsc_adjust sgx bmi1 hle avx2 fdp_excptn_only smep bmi2 erms invpcid"
                            + " rtm cqm zero_fcs_fds mpx rdt_a avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb"
                            + " intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl"),
            new Word(0x7, 0, Register.ECX, "- avx512vbmi umip pku ospke waitpkg avx512_vbmi2 shstk gfni vaes vpclmulqdq"
                    + " avx512_vnni avx512_bitalg tme avx512_vpopcntdq - la57 - - - - - rdpid - bus_lock_detect"
                    + " cldemote - movdiri movdir64b enqcmd sgx_lc"),
            new Word(0x7, 0, Register.EDX, "- - avx512_4vnniw avx512_4fmaps fsrm - - - avx512_vp2intersect srbds_ctrl"
                    + " md_clear rtm_always_abort - tsx_force_abort serialize hybrid_cpu tsxldtrk - pconfig arch_lbr ibt"
                    + " - amx_bf16 avx512_fp16 amx_tile amx_int8 spec_ctrl intel_stibp flush_l1d arch_capabilities"
                    + " core_capabilities spec_ctrl_ssbd"),
            new Word(0x7, 1, Register.EAX, "sha512 sm3 sm4 - avx_vnni avx512_bf16 - cmpccxadd - - fzrm fsrs fsrc - - -"
                    + " - fred lkgs - - amx_fp16 - avx_ifma - - lam"),
            new Word(0xD, 1, Register.EAX, "xsaveopt xsavec xgetbv1 xsaves xfd"),
            new Word(0x8000_0001, 0, Register.EDX, "fpu vme de pse tsc msr pae mce cx8 apic - syscall mtrr pge mca cmov"
                    + " pat pse36 - mp nx - mmxext mmx fxsr fxsr_opt pdpe1gb rdtscp - lm 3dnowext 3dnow"),
            new Word(0x8000_0001, 0, Register.ECX, "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse"
                    + " 3dnowprefetch osvw ibs xop skinit wdt - lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core"
                    + " perfctr_nb - bpext ptsc perfctr_llc mwaitx"),
            new Word(0x8000_0008, 0, Register.EBX, "clzero irperf xsaveerptr - rdpru - - - - wbnoinvd - - ibpb -"
                    + " ibrs stibp ibrs_always stibp_always_on - - - - - amd_ppin ssbd virt_ssbd - cppc amd_psfd btc_no"
                    + " ibpb_ret brs"),
            new Word(0x8000_0021, 0, Register.EAX, "no_nested_data_bp - lfence_rdtsc - - - null_sel_clr_base - autoibrs"
                    + " no_smm_ctl_msr"));

    private FeatureNames() {}

    /** A name that no other bit has, apart from what AMD shows twice. */
    static String of(int function, int index, Register register, int bit) {
        for (Word word : WORDS) {
            if (word.function == function && word.index == index && word.register == register
                    && bit < word.names.size() && !word.names.get(bit).equals("-")) {
                return word.names.get(bit);
            }
        }
        return "cpuid_" + Integer.toHexString(function) + "_" + index + "_" + register.name().toLowerCase(Locale.ROOT)
                + "_" + bit;
    }
}
