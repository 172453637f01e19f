package io.drover.cli.option;

import io.drover.proto.v1.MigrationOptions.Compression;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How what a migration sends is made less, as it is typed. */
public final class MigrationCompression implements ITypeConverter<Compression>, Iterable<String> {
    private static final String NONE = "none";
    private static final String LZ4 = "lz4";

    @Override
    public Compression convert(String text) {
        return switch (text) {
            case NONE -> Compression.COMPRESSION_UNSPECIFIED;
            case LZ4 -> Compression.LZ4;
            default -> throw new TypeConversionException("'" + text + "' (expected: " + NONE + " or " + LZ4 + ")");
        };
    }

    @Override
    public Iterator<String> iterator() {
        return List.of(LZ4, NONE).iterator();
    }
}
