package io.drover.agent;

import io.drover.agent.vm.StartStep;

/** The agent's main, but for one thing: it dies, as by SIGKILL, at the step of a start that the environment names. */
final class CrashingAgent {
    static final String STEP = "DROVER_TEST_CRASH_AT";

    private CrashingAgent() {}

    public static void main(String[] arguments) {
        StartStep fatal = StartStep.valueOf(System.getenv(STEP));
        System.exit(Main.run(arguments, step -> {
            if (step == fatal) {
                Runtime.getRuntime().halt(137);
            }
        }));
    }
}
