package io.drover.cli.output;

import java.io.PrintStream;
import java.util.List;

/** A table that grows: the heading comes with the first rows, and columns only get wider. */
public final class Rows<T> {
    private final List<Column<T>> columns;
    private final Table table;
    private final PrintStream out;
    private final Style style;
    private int[] widths = new int[0];

    Rows(List<Column<T>> columns, PrintStream out, Style style) {
        this.columns = columns;
        this.table = new Table(columns.stream().map(Column::title).toList());
        this.out = out;
        this.style = style;
    }

    public void print(List<T> things) {
        List<List<Table.Cell>> cells = things.stream()
                .map(thing -> columns.stream().map(column -> column.cell(thing)).toList())
                .toList();
        boolean first = widths.length == 0;
        widths = table.widths(cells, widths);
        if (first) {
            out.print(table.heading(widths, style));
        }
        cells.forEach(row -> out.print(table.line(row, widths, style)));
        out.flush();
    }
}
