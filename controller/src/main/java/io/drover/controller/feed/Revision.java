package io.drover.controller.feed;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A place in the history of one controller process: opaque to clients. */
public record Revision(String incarnation, long sequence) {
    private static final Pattern FORM = Pattern.compile("([0-9a-f]{1,32}):([0-9]{1,18})");

    static Optional<Revision> parse(String text) {
        Matcher form = FORM.matcher(text);
        return form.matches() ? Optional.of(new Revision(form.group(1), Long.parseLong(form.group(2))))
                : Optional.empty();
    }

    @Override
    public String toString() {
        return incarnation + ":" + sequence;
    }
}
