package io.drover.vmm.state;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.drover.proto.vmm.v1.SavedMachine;
import java.util.List;
import java.util.Map;

/** How saved states are read: nothing in them is passed over. */
public final class SavedStates {
    /** Of {@link SavedMachine}; the newest that this code writes and reads. */
    public static final int FORMAT = 1;
    /** Of every part that has a version; the newest of each that this code writes and reads. */
    public static final int VERSION = 1;

    private static final String VERSION_FIELD = "version";

    private SavedStates() {}

    /**
     * Reads a whole state and refuses what this code does not know: a newer format, a newer part, an unknown field.
     *
     * @throws SavedStateException
     *             naming it
     */
    public static SavedMachine parse(ByteString bytes) throws SavedStateException {
        SavedMachine machine;
        try {
            machine = SavedMachine.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new SavedStateException("not a saved state: " + e.getMessage(), e);
        }
        check(machine);
        return machine;
    }

    /** As {@link #parse}, of what is parsed already. */
    public static void check(SavedMachine machine) throws SavedStateException {
        if (machine.getFormat() != FORMAT) {
            throw new SavedStateException("format of the saved state : " + machine.getFormat() + " (expected: " + FORMAT
                    + "; restore it with the release that saved it, or a newer one)");
        }
        checkFields("SavedMachine", machine);
    }

    private static void checkFields(String where, Message message) throws SavedStateException {
        if (!message.getUnknownFields().asMap().isEmpty()) {
            throw new SavedStateException("saved state: " + where + " has the unknown field "
                    + message.getUnknownFields().asMap().keySet().iterator().next()
                    + " (expected: none; restore it with the release that saved it, or a newer one)");
        }
        FieldDescriptor version = message.getDescriptorForType().findFieldByName(VERSION_FIELD);
        if (version != null && !message.getField(version).equals(VERSION)) {
            throw new SavedStateException("saved state: version of " + where + " : " + message.getField(version)
                    + " (expected: " + VERSION + "; restore it with the release that saved it, or a newer one)");
        }
        for (Map.Entry<FieldDescriptor, Object> field : message.getAllFields().entrySet()) {
            if (field.getKey().getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
                continue;
            }
            String name = where + '.' + field.getKey().getName();
            if (field.getValue() instanceof List<?> all) {
                int index = 0;
                for (Object each : all) {
                    checkFields(name + '[' + index + ']', (Message) each);
                    index++;
                }
            } else {
                checkFields(name, (Message) field.getValue());
            }
        }
    }

    /** Refuses a part that is not there. */
    public static void require(boolean present, String what) throws SavedStateException {
        if (!present) {
            throw new SavedStateException("saved state: no " + what + " (expected: one)");
        }
    }

    /**
     * Refuses a number that cannot be.
     *
     * @param value
     *            taken back when it is from {@code least} to {@code most}
     */
    public static int inRange(String what, int value, int least, int most) throws SavedStateException {
        if (value < least || value > most) {
            throw new SavedStateException("saved state: " + what + " : " + value + " (expected: " + least + " to "
                    + most + ")");
        }
        return value;
    }

    /** Bytes of which there must be so many. */
    public static byte[] ofLength(String what, ByteString bytes, int length) throws SavedStateException {
        if (bytes.size() != length) {
            throw new SavedStateException("saved state: " + what + " : " + bytes.size() + " bytes (expected: " + length
                    + ")");
        }
        return bytes.toByteArray();
    }
}
