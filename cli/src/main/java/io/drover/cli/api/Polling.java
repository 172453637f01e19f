package io.drover.cli.api;

import com.google.protobuf.Message;
import io.drover.cli.Failure;
import io.drover.cli.output.Kind;
import io.drover.cli.output.Printer;
import io.drover.cli.output.Rows;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** `--watch` for what the API has no stream of: asks every second and prints what is new or has changed, for ever. */
public final class Polling {
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    /** One look. */
    public interface Look<T> {
        List<T> now() throws Failure;
    }

    private Polling() {}

    public static <T extends Message> void print(Printer printer, Kind<T> kind, Look<T> look)
            throws Failure, InterruptedException {
        Rows<T> rows = printer.rows(kind);
        Map<String, T> shown = new HashMap<>();
        while (true) {
            for (T thing : look.now()) {
                if (!thing.equals(shown.put(kind.name().apply(thing), thing))) {
                    printer.change(rows, kind, thing);
                }
            }
            Thread.sleep(INTERVAL);
        }
    }
}
