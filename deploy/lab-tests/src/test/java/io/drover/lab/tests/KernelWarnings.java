package io.drover.lab.tests;

import java.util.List;
import java.util.regex.Pattern;

/** What a guest's kernel complains about in {@code dmesg -r}: lines that begin with their level, 0 (emergency) to 4 (warning). */
final class KernelWarnings {
    private static final Pattern WARNING = Pattern.compile("^<[0-4]>.*");

    /** Lines that say nothing about the VMM, each with the reason. */
    private static final List<Pattern> HARMLESS = List.of(
            // An emulated CPU has no invariant TSC, so KVM cannot promise its guests a clock that never jumps; one
            // message, four lines.
            Pattern.compile("Unstable clock detected, switching default tracing clock to \"global\"$"),
            Pattern.compile("If you want to keep using the local clock, then add:$"),
            Pattern.compile("\\]   \"trace_clock=local\"$"),
            Pattern.compile("\\] on the kernel command line$"),
            // The same CPU's TSC runs a little slower than the clock on a busy machine, which the guest notices after a while.
            Pattern.compile(
                    "clocksource: timekeeping watchdog on CPU\\d+: Marking clocksource 'tsc' as unstable because"),
            Pattern.compile("clocksource: +'(kvm-clock|tsc)' (wd|cs)_nsec: \\d+ "),
            Pattern.compile("clocksource: +'kvm-clock' \\(not 'tsc'\\) is current clocksource\\.$"),
            // A module without its options or files, none of which is for a virtual machine.
            Pattern.compile("device-mapper: core: CONFIG_IMA_DISABLE_HTABLE is disabled\\."),
            Pattern.compile("regulatory\\.db"), Pattern.compile("firmware_class: See https://"),
            // The emulated host itself was not run for a while, on a busy machine.
            Pattern.compile("hrtimer: interrupt took \\d+ ns$"));

    private KernelWarnings() {}

    static List<String> unexpected(String dmesg) {
        return dmesg.lines().map(String::strip).filter(line -> WARNING.matcher(line).matches())
                .filter(line -> HARMLESS.stream().noneMatch(pattern -> pattern.matcher(line).find())).toList();
    }
}
