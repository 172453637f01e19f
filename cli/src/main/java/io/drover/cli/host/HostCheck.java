package io.drover.cli.host;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/**
 * Here for --help and completion: the self test is the agent's, as it runs a guest, and a client of the API knows nothing of
 * KVM. The launcher starts it.
 */
@Command(name = "check",
        description = "Test whether this machine can run VMs, and with which drivers. Asks no controller.")
final class HostCheck implements Callable<Integer> {
    @Unmatched
    private String[] arguments = new String[0];

    @Override
    public Integer call() throws Failure {
        throw new Failure(ExitCode.ERROR, "the host was not checked", "the self test is part of the agent's program",
                "run it by the launcher: drover host check " + String.join(" ", arguments));
    }
}
