package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.FailurePrinter;
import io.drover.cli.Surroundings;
import io.drover.cli.output.OutputFormat;
import java.util.List;

/** Does the same to several VMs, one after the other; those that fail don't keep the others from it. */
final class Several {
    /** What is done to one. */
    interface Action {
        void on(String id) throws Failure, InterruptedException;
    }

    private final Surroundings surroundings;
    private final OutputFormat format;

    Several(Surroundings surroundings, OutputFormat format) {
        this.surroundings = surroundings;
        this.format = format;
    }

    /** The exit code: that of the first failure, or PARTLY_DONE when some went well. */
    int each(List<String> ids, Action action) throws Failure, InterruptedException {
        if (ids.size() == 1) {
            action.on(ids.get(0));
            return ExitCode.OK.number();
        }
        ExitCode first = ExitCode.OK;
        int failed = 0;
        for (String id : ids) {
            try {
                action.on(id);
            } catch (Failure e) {
                new FailurePrinter(surroundings).print(e, format);
                first = failed == 0 ? e.exitCode() : first;
                failed++;
            }
        }
        return (failed > 0 && failed < ids.size() ? ExitCode.PARTLY_DONE : first).number();
    }
}
