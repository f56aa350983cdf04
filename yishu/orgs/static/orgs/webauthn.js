// Security keys: asks the browser for a key's answer and sends it with the form. Without this script the form stays hidden.
const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function decoded(options) {
  const ids = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));
  const found = { ...options, challenge: bytes(options.challenge) };
  if (options.user) {
    found.user = { ...options.user, id: bytes(options.user.id) };
    found.excludeCredentials = ids(options.excludeCredentials);
  } else {
    found.allowCredentials = ids(options.allowCredentials);
  }
  return found;
}

function encoded(credential) {
  const answer = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    const part = credential.response[name];
    if (part) answer[name] = text(part);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: answer,
  });
}

for (const form of document.querySelectorAll("form[data-webauthn]")) {
  if (!window.PublicKeyCredential) continue;
  const note = form.querySelector("[data-webauthn-note]");
  form.hidden = false;
  document.querySelectorAll("[data-webauthn-missing]").forEach((element) => (element.hidden = true));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    note.textContent = "请按提示触摸安全密钥，或用指纹、面容、PIN 确认……";
    try {
      const publicKey = decoded(JSON.parse(form.dataset.options));
      const made = publicKey.user
        ? await navigator.credentials.create({ publicKey })
        : await navigator.credentials.get({ publicKey });
      form.elements.credential.value = encoded(made);
      form.submit();
    } catch (error) {
      note.textContent =
        error.name === "InvalidStateError" ? "这个安全密钥已经登记过。" : "没有完成：已取消、超时，或没有找到可用的安全密钥。请再试一次。";
    }
  });
}
