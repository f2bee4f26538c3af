// Links a wallet by the wallet of this browser (EIP-1193), where there is one: it signs the text, and the form is filled in.

const ask = document.getElementById('ask');
const wallet = globalThis.ethereum;

if (ask && wallet?.request) {
  const form = document.getElementById('link');
  const status = ask.querySelector('[role=status]');
  ask.hidden = false;
  ask.querySelector('button').addEventListener('click', async () => {
    status.textContent = 'Your wallet asks you to sign.';
    try {
      const [address] = await wallet.request({ method: 'eth_requestAccounts' });
      const text = new TextEncoder().encode(document.getElementById('text').textContent);
      const bytes = Array.from(text, (byte) => byte.toString(16).padStart(2, '0')).join('');
      form.elements.signature.value = await wallet.request({ method: 'personal_sign', params: [`0x${bytes}`, address] });
      form.elements.wallet.value = address;
      status.textContent = 'Signed. Now link the wallet.';
    } catch {
      status.textContent = 'Nothing was signed.';
    }
  });
}
