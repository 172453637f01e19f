package io.drover.cli.output;

/** What a cell of a table means to its reader. */
public enum Emphasis {
    NONE, GOOD, WARNING, BAD, FAINT;

    String apply(Style style, String text) {
        return switch (this) {
            case NONE -> text;
            case GOOD -> style.good(text);
            case WARNING -> style.warning(text);
            case BAD -> style.bad(text);
            case FAINT -> style.faint(text);
        };
    }
}
