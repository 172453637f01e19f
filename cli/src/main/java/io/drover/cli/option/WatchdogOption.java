package io.drover.cli.option;

import io.drover.proto.v1.VmWatchdog;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What a watchdog does, as it is typed. */
public final class WatchdogOption implements ITypeConverter<VmWatchdog>, Iterable<String> {
    private static final String RESET = "reset";
    private static final String POWER_OFF = "poweroff";

    @Override
    public VmWatchdog convert(String text) {
        return VmWatchdog.newBuilder().setAction(switch (text) {
            case RESET -> VmWatchdog.Action.RESET;
            case POWER_OFF -> VmWatchdog.Action.POWER_OFF;
            default ->
                throw new TypeConversionException("'" + text + "' (expected: " + RESET + " or " + POWER_OFF + ")");
        }).build();
    }

    @Override
    public Iterator<String> iterator() {
        return List.of(RESET, POWER_OFF).iterator();
    }
}
