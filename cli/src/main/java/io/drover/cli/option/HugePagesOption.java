package io.drover.cli.option;

import io.drover.proto.v1.VmResources.HugePages;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The size of huge pages, as it is typed. */
public final class HugePagesOption implements ITypeConverter<HugePages>, Iterable<String> {
    private static final String TWO_MIB = "2M";
    private static final String ONE_GIB = "1G";

    @Override
    public HugePages convert(String text) {
        return switch (text) {
            case TWO_MIB -> HugePages.HUGE_2M;
            case ONE_GIB -> HugePages.HUGE_1G;
            default -> throw new TypeConversionException("'" + text + "' (expected: " + TWO_MIB + " or " + ONE_GIB
                    + ")");
        };
    }

    @Override
    public Iterator<String> iterator() {
        return List.of(TWO_MIB, ONE_GIB).iterator();
    }
}
