package io.drover.cli.output;

/** Colours by meaning; {@link #PLAIN} leaves texts alone. */
public enum Style {
    PLAIN, COLOURED;

    public String good(String text) {
        return in("32", text);
    }

    public String warning(String text) {
        return in("33", text);
    }

    public String bad(String text) {
        return in("1;31", text);
    }

    public String strong(String text) {
        return in("1", text);
    }

    public String faint(String text) {
        return in("2", text);
    }

    /** Select Graphic Rendition, ECMA-48, 8.3.117. */
    private String in(String rendition, String text) {
        return this == PLAIN || text.isEmpty() ? text : "\033[" + rendition + "m" + text + "\033[0m";
    }
}
