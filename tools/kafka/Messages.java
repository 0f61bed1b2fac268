// Reads messages with Kafka's own classes and writes them again.
//
//   in   <class> <version> <bytes in hex>    a line each, on standard input
//   out  <bytes in hex> <JSON>               what Kafka makes of it; or "failed <why>"

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Readable;

public final class Messages {
  private static final HexFormat HEX = HexFormat.of();

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ", -1);
      out.print(answer(words[0], Short.parseShort(words[1]), HEX.parseHex(words[2])) + "\n");
    }
    out.flush();
  }

  private static String answer(String className, short version, byte[] bytes) throws Exception {
    try {
      Class<?> type = Class.forName(className);
      ByteBuffer input = ByteBuffer.wrap(bytes);
      Object message = type.getConstructor(Readable.class, short.class)
          .newInstance(new ByteBufferAccessor(input), version);
      if (input.hasRemaining()) return "failed " + input.remaining() + " bytes are left";
      JsonNode json = (JsonNode) Class.forName(className + "JsonConverter")
          .getMethod("write", type, short.class, boolean.class)
          .invoke(null, message, version, false); // of records the size alone
      return HEX.formatHex(write((Message) message, version)) + " " + json;
    } catch (InvocationTargetException failure) {
      return "failed " + failure.getCause();
    }
  }

  private static byte[] write(Message message, short version) {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer output = ByteBuffer.allocate(message.size(cache, version));
    message.write(new ByteBufferAccessor(output), cache, version);
    return output.array();
  }
}
