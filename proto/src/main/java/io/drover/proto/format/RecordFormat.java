package io.drover.proto.format;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.MessageOrBuilder;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The {@code format} of a record that is kept: which programs can obey it. The protocols say it field by field, by the option
 * {@code drover.format}; who writes a record and who reads one both learn it here, so that they agree.
 */
public final class RecordFormat {
    /** Of records in which nothing is set that came later. */
    public static final int FIRST = 1;

    private RecordFormat() {}

    /** The least that a program must know to obey what is set in a record. */
    public static int of(MessageOrBuilder record) {
        int format = FIRST;
        for (Map.Entry<FieldDescriptor, Object> set : record.getAllFields().entrySet()) {
            format = Math.max(format, of(set.getKey()));
            if (set.getKey().getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                List<?> messages = set.getKey().isRepeated() ? (List<?>) set.getValue() : List.of(set.getValue());
                for (Object message : messages) {
                    format = Math.max(format, of((MessageOrBuilder) message));
                }
            }
        }
        return format;
    }

    /** The newest that this program knows of a kind of record: it must leave a record of a higher one alone. */
    public static int newest(Descriptor record) {
        return newest(record, new HashSet<>());
    }

    private static int newest(Descriptor message, Set<Descriptor> seen) {
        int format = FIRST;
        if (seen.add(message)) {
            for (FieldDescriptor field : message.getFields()) {
                format = Math.max(format, of(field));
                if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                    format = Math.max(format, newest(field.getMessageType(), seen));
                }
            }
        }
        return format;
    }

    private static int of(FieldDescriptor field) {
        return Math.max(FIRST, field.getOptions().getExtension(FormatProto.format));
    }
}
