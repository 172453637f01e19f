package io.drover.cli.output;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Columns as wide as their widest cell, two blanks between them. */
final class Table {
    /** Some text, and how to colour it once it has been padded. */
    record Cell(String text, Emphasis emphasis) {}

    private static final int GAP = 2;

    private final List<String> titles;

    Table(List<String> titles) {
        this.titles = List.copyOf(titles);
    }

    /** The widths that titles and rows need; never narrower than {@code atLeast}, so that a table that grows stays in line. */
    int[] widths(List<List<Cell>> rows, int[] atLeast) {
        return IntStream.range(0, titles.size()).map(column -> {
            int widest = Math.max(titles.get(column).length(), column < atLeast.length ? atLeast[column] : 0);
            for (List<Cell> row : rows) {
                widest = Math.max(widest, row.get(column).text().length());
            }
            return widest;
        }).toArray();
    }

    String heading(int[] widths, Style style) {
        return line(titles.stream().map(title -> new Cell(title, Emphasis.FAINT)).toList(), widths, style);
    }

    /** One line with its end; nothing is padded behind the last cell that has text. */
    String line(List<Cell> row, int[] widths, Style style) {
        int last = row.size() - 1;
        while (last > 0 && row.get(last).text().isEmpty()) {
            last--;
        }
        List<String> parts = new ArrayList<>();
        for (int column = 0; column <= last; column++) {
            Cell cell = row.get(column);
            String padding = column == last ? "" : " ".repeat(widths[column] + GAP - cell.text().length());
            parts.add(cell.emphasis().apply(style, cell.text()) + padding);
        }
        return String.join("", parts) + "\n";
    }
}
