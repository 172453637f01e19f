package io.drover.cli.option;

import io.drover.proto.v1.MigrationOptions.Policy;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What is done about a guest that writes faster than its memory can be sent, as it is typed. */
public final class MigrationPolicy implements ITypeConverter<Policy>, Iterable<String> {
    private static final String STOP_AND_COPY = "stop-and-copy";
    private static final String GIVE_UP = "give-up";
    private static final String POST_COPY = "post-copy";

    @Override
    public Policy convert(String text) {
        return switch (text) {
            case STOP_AND_COPY -> Policy.STOP_AND_COPY;
            case GIVE_UP -> Policy.GIVE_UP;
            // The controller says what there is to say about it.
            case POST_COPY -> Policy.POST_COPY;
            default -> throw new TypeConversionException("'" + text + "' (expected: " + STOP_AND_COPY + " or " + GIVE_UP
                    + ")");
        };
    }

    @Override
    public Iterator<String> iterator() {
        return List.of(STOP_AND_COPY, GIVE_UP).iterator();
    }
}
