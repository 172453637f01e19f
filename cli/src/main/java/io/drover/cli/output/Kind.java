package io.drover.cli.output;

import com.google.protobuf.Message;
import java.util.List;
import java.util.function.Function;

/**
 * How one kind of resource is shown.
 *
 * @param collection the name of a list of them in JSON, such as "vms"
 * @param name       the resource name
 * @param columns    of a table
 * @param details    of one of them
 */
public record Kind<T extends Message>(String collection, Function<T, String> name, List<Column<T>> columns,
        Function<T, List<Detail>> details) {

    public Kind {
        columns = List.copyOf(columns);
    }
}
