package io.drover.cli.output;

import java.util.function.Function;

/** One column of a kind of thing: its title, the text of a thing, and what that text means. */
public record Column<T>(String title, Function<T, String> text, Function<T, Emphasis> emphasis) {

    public static <T> Column<T> of(String title, Function<T, String> text) {
        return new Column<>(title, text, thing -> Emphasis.NONE);
    }

    Table.Cell cell(T thing) {
        return new Table.Cell(text.apply(thing), emphasis.apply(thing));
    }
}
