package io.drover.cli.option;

import io.drover.cli.api.ResourceNames;
import io.drover.proto.v1.VmDisk;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/** A disk of a VM as on the command line: {@code name=root,image=debian,size=20G,readonly,serial=S1,cache=write-through}. */
public record DiskOption(VmDisk disk) {
    /** How it is written, for help texts. */
    public static final String LABEL = "name=N[,image=I][,size=S][,readonly][,serial=T][,cache=C][,bytes-per-second=S]"
            + "[,operations-per-second=N]";
    /** Before one was said. */
    public static final DiskOption NONE = new DiskOption(VmDisk.getDefaultInstance());

    private static final Pattern NUMBER = Pattern.compile("\\d{1,12}");

    static DiskOption parse(String text) {
        VmDisk.Builder disk = VmDisk.newBuilder();
        Set<String> keys = new HashSet<>();
        for (String part : text.split(",", -1)) {
            int equals = part.indexOf('=');
            String key = equals < 0 ? part : part.substring(0, equals);
            if (!keys.add(key)) {
                throw wrong(text, "'" + key + "' is there twice");
            }
            if (key.equals("readonly") && equals < 0) {
                disk.setReadOnly(true);
                continue;
            }
            if (equals < 0 || equals == part.length() - 1) {
                throw wrong(text, "'" + part + "' is none of its parts");
            }
            set(disk, key, part.substring(equals + 1), text);
        }
        if (disk.getName().isEmpty()) {
            throw wrong(text, "it has no name");
        }
        if (disk.getImage().isEmpty() && disk.getSizeBytes() == 0) {
            throw wrong(text, "it has neither an image nor a size");
        }
        return new DiskOption(disk.build());
    }

    private static void set(VmDisk.Builder disk, String key, String value, String text) {
        switch (key) {
            case "name" -> disk.setName(value);
            case "image" -> disk.setImage(ResourceNames.IMAGE.full(value));
            case "size" -> disk.setSizeBytes(Converters.bytes(value).count());
            case "bytes-per-second" -> disk.setBytesPerSecond(Converters.bytes(value).count());
            case "operations-per-second" -> {
                if (!NUMBER.matcher(value).matches()) {
                    throw wrong(text, "'" + value + "' is no number");
                }
                disk.setOperationsPerSecond(Long.parseLong(value));
            }
            case "serial" -> disk.setSerial(value);
            case "cache" -> disk.setCacheMode(switch (value.toLowerCase(Locale.ROOT)) {
                case "write-back" -> VmDisk.CacheMode.WRITE_BACK;
                case "write-through" -> VmDisk.CacheMode.WRITE_THROUGH;
                default -> throw wrong(text, "'" + value + "' is no cache mode, as write-back and write-through are");
            });
            default -> throw wrong(text, "'" + key + "' is none of its parts");
        }
    }

    private static TypeConversionException wrong(String text, String what) {
        return new TypeConversionException("'" + text + "' is no disk: " + what + " (expected: " + LABEL + ")");
    }
}
