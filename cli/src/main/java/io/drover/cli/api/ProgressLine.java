package io.drover.cli.api;

import io.drover.cli.Surroundings;
import io.drover.cli.Surroundings.Descriptor;

/** One line on stderr that says what is waited for and is gone when the wait is over. On a terminal only. */
public final class ProgressLine implements AutoCloseable {
    private static final int WIDEST = 118;
    private static final String ERASE = "\r\033[K";

    private final Surroundings surroundings;
    private final boolean shown;
    private String last = "";

    public ProgressLine(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.shown = surroundings.isTerminal(Descriptor.ERR);
    }

    /** Whether anybody sees it: what costs calls is only worth it then. */
    public boolean isShown() {
        return shown;
    }

    public void say(String text) {
        String line = text.length() > WIDEST ? text.substring(0, WIDEST - 1) + "…" : text;
        if (shown && !line.equals(last)) {
            surroundings.err().print(ERASE + surroundings.style(Descriptor.ERR).faint(line));
            surroundings.err().flush();
            last = line;
        }
    }

    @Override
    public void close() {
        if (shown && !last.isEmpty()) {
            surroundings.err().print(ERASE);
            surroundings.err().flush();
            last = "";
        }
    }
}
