package custodian

import "fmt"

// Quorum says in Chinese and English what the loss of custodians' keys means where k of n open a contact.
func Quorum(k, n int) (zh, en string) {
	const gone, goneZh = "nobody's contact can ever be opened, and winners can only come forward themselves", "就永遠打不開任何人的聯絡資料，得獎人只能自行出面"
	spare := n - k
	switch {
	case n == 1:
		return "只有 1 位保管人：持有這把金鑰的人單獨就能打開得獎人的聯絡資料；金鑰一旦遺失，" + goneZh + "。",
			"There is 1 custodian: whoever has this key opens contacts of winners alone; if it is lost, " + gone + "."
	case spare == 0:
		return fmt.Sprintf("%d 位保管人缺一不可：只要有 1 位遺失金鑰，%s。", n, goneZh),
			fmt.Sprintf("All %d custodians must keep their keys: if any one loses theirs, %s.", n, gone)
	case k == 1:
		return fmt.Sprintf("%d 位保管人中任何 1 位單獨就能打開得獎人的聯絡資料；%d 把金鑰全部遺失，%s。", n, n, goneZh),
			fmt.Sprintf("Any one of %d custodians opens contacts of winners alone; if all %d lose their keys, %s.", n, n, gone)
	}
	keys := "keys"
	if spare == 1 {
		keys = "key"
	}
	return fmt.Sprintf("%d 位保管人中至少要有 %d 位保住金鑰：遺失 %d 把還打得開，遺失 %d 把%s。", n, k, spare, spare+1, goneZh),
		fmt.Sprintf("%d of %d custodians must keep their keys: the loss of %d %s does no harm; if %d lose theirs, %s.", k, n, spare, keys, spare+1, gone)
}
