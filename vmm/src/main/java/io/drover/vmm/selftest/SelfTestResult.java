package io.drover.vmm.selftest;

import io.drover.vmm.client.VmmCpuidLeaf;
import java.util.List;

/** What a host's self test found. */
public sealed interface SelfTestResult {
    /** Everything that was looked at, in the order in which it was; ends with the first failure that stops all others. */
    List<Check> checks();

    /**
     * Guests run here.
     *
     * @param instructionsPerSecond
     *            of a simple loop in the guest
     * @param cpu
     *            what a guest is shown as its CPU, unless it has a CPU model
     */
    record Usable(List<Check> checks, long instructionsPerSecond, List<VmmCpuidLeaf> cpu) implements SelfTestResult {
        public Usable {
            checks = List.copyOf(checks);
            cpu = List.copyOf(cpu);
        }
    }

    /** Guests do not run here, or not at a speed that is of any use. */
    record Unusable(List<Check> checks) implements SelfTestResult {
        public Unusable {
            checks = List.copyOf(checks);
        }

        /** In words, for the operator: what failed. */
        public String reason() {
            StringBuilder text = new StringBuilder();
            for (Check check : checks) {
                if (!check.passed()) {
                    text.append(text.isEmpty() ? "" : "; ").append(check.name()).append(": ").append(check.detail());
                }
            }
            return text.toString();
        }
    }
}
